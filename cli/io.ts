import { styleFor, type Style } from './output/style.ts'

/** Where a command speaks: data to stdout, talk to stderr; and how. */
export interface Io {
  /** One line of data. */
  readonly out: (line: string) => void
  /** One line of talk. */
  readonly say: (line: string) => void
  readonly outStyle: Style
  readonly style: Style
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether a person can be asked: both ends are terminals and nobody forbade it. */
  readonly interactive: boolean
  /** The terminal to draw on, when stderr is one. */
  readonly screen: NodeJS.WriteStream | undefined
  readonly now: () => number
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal
}

export function processIo(signal: AbortSignal): Io {
  const { stdin, stdout, stderr, env } = process
  const screen = stderr.isTTY && env['TERM'] !== 'dumb'
  return {
    out: (line) => stdout.write(`${line}\n`),
    say: (line) => stderr.write(`${line}\n`),
    outStyle: styleFor(stdout.isTTY, env),
    style: styleFor(stderr.isTTY, env),
    env,
    interactive: stdin.isTTY && stderr.isTTY && !env['LANLINE_NO_INPUT'],
    screen: screen ? stderr : undefined,
    now: () => Date.now(),
    signal,
  }
}
