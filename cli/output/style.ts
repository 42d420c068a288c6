/**
 * Colour as decoration only: every text says the same without it. Colours are on for a terminal, off with NO_COLOR,
 * forced by CLICOLOR_FORCE. Sources: no-color.org, bixense.com/clicolors.
 */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

const same = (text: string): string => text
const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`

export const PLAIN: Style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same }
export const COLOURED: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
}

type Env = Readonly<Record<string, string | undefined>>

export function styleFor(terminal: boolean, env: Env): Style {
  if (env['NO_COLOR']) return PLAIN
  const forced = env['CLICOLOR_FORCE']
  if (forced !== undefined && forced !== '' && forced !== '0') return COLOURED
  return terminal && env['TERM'] !== 'dumb' ? COLOURED : PLAIN
}
