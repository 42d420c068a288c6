import { stripVTControlCharacters } from 'node:util'

/** Control characters, line separators and the marks that turn the direction of text around. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu

/** Text that came from elsewhere, made safe for a terminal: one line, no escape sequences, no control characters. */
export const printable = (text: string): string => stripVTControlCharacters(text).replaceAll(UNPRINTABLE, ' ')

/** Columns a text takes on a terminal. Names and addresses are ASCII, so a character is a column. */
export const widthOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length

/** Cuts to a width and marks the cut. Colours inside a cut line are dropped, because a cut could leave one open. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  return `${Array.from(stripVTControlCharacters(text))
    .slice(0, Math.max(0, columns - 1))
    .join('')}…`
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `34s`, `2m 05s`, `3h 10m`, `12d`: two units at most. A time in the future is `0s`, because clocks differ a little. */
export function sayDuration(ms: number): string {
  const left = Math.max(0, ms)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  if (left < MINUTE) return `${Math.floor(left / SECOND)}s`
  if (left < HOUR) return `${Math.floor(left / MINUTE)}m ${two((left % MINUTE) / SECOND)}s`
  if (left < 2 * DAY) return `${Math.floor(left / HOUR)}h ${two((left % HOUR) / MINUTE)}m`
  return `${Math.floor(left / DAY)}d`
}

/** kubectl's AGE: the largest unit alone. */
export function sayAge(ms: number): string {
  const left = Math.max(0, ms)
  if (left < 2 * MINUTE) return `${Math.floor(left / SECOND)}s`
  if (left < 2 * HOUR) return `${Math.floor(left / MINUTE)}m`
  if (left < 2 * DAY) return `${Math.floor(left / HOUR)}h`
  return `${Math.floor(left / DAY)}d`
}

/** `90s`, `30m`, `2h` → ms; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})(s|m|h)$/.exec(text)
  if (!match) return undefined
  const ms = Number(match[1]) * { s: SECOND, m: MINUTE, h: HOUR }[match[2] as 's' | 'm' | 'h']
  return ms > 0 ? ms : undefined
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
