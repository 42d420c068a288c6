import { parseAllDocuments, stringify } from 'yaml'

/** Lines around a change that are shown with it. */
const CONTEXT_LINES = 3
/** Beyond this many lines the table of the comparison is not worth its memory. */
const MAX_LINES = 4_000

/** The difference of two texts as unified diffs write it; empty when there is none. */
export function diffText(before: string, after: string): string {
  if (before === after) return ''
  const old = before.split('\n')
  const next = after.split('\n')
  if (old.length > MAX_LINES || next.length > MAX_LINES) return '--- a\n+++ b\n(too long to compare)\n'
  const lines = compare(old, next)
  const changed = lines.map((line) => line.mark !== ' ')
  const shown = lines.map((_, at) =>
    changed.slice(Math.max(0, at - CONTEXT_LINES), at + CONTEXT_LINES + 1).some(Boolean),
  )
  let text = '--- a\n+++ b\n'
  for (const [at, line] of lines.entries()) {
    if (!shown[at]) continue
    if (!shown[at - 1]) text += hunk(lines, shown, at)
    text += `${line.mark}${line.text}\n`
  }
  return text
}

/** A configuration as Talos writes it before it compares: without comments, and laid out in its own way. */
export function asEncoded(source: string): string {
  const documents = parseAllDocuments(source)
  if (!Array.isArray(documents)) return source
  return documents.map((one) => stringify(one.toJS({ maxAliasCount: 100 }), { indent: 4, lineWidth: 0 })).join('---\n')
}

interface Line {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** Go to the common lines by the longest way. */
function compare(old: readonly string[], next: readonly string[]): readonly Line[] {
  const width = next.length + 1
  const longest = new Uint16Array((old.length + 1) * width)
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = next.length - 1; j >= 0; j -= 1)
      longest[i * width + j] = old[i] === next[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < next.length) {
    const [left, right] = [old[i], next[j]]
    if (left !== undefined && left === right) {
      lines.push({ mark: ' ', text: left })
      i += 1
      j += 1
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: '-', text: left })
      i += 1
    } else {
      lines.push({ mark: '+', text: right ?? '' })
      j += 1
    }
  }
  return lines
}

/** The head of the stretch that begins here: where it lies in both texts. */
function hunk(lines: readonly Line[], shown: readonly boolean[], start: number): string {
  let end = start
  while (shown[end]) end += 1
  const count = (upTo: number, from: number, mark: '-' | '+') =>
    lines.slice(from, upTo).filter((line) => line.mark === ' ' || line.mark === mark).length
  const range = (mark: '-' | '+') => `${count(start, 0, mark) + 1},${count(end, start, mark)}`
  return `@@ -${range('-')} +${range('+')} @@\n`
}
