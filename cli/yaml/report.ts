import type { Style } from '../output/style.ts'
import { plural, printable } from '../output/text.ts'
import type { Issue } from './source.ts'

/** More than this scroll the first ones away, and the first ones are those to mend first. */
const MAX_SHOWN = 20
/** Longer source lines are shown around the place only. */
const MAX_SOURCE_CHARS = 120

/** Each issue as `file:line:column  path  message`, the source line and a caret; in the order of the files. */
export function renderIssues(issues: readonly Issue[], style: Style): readonly string[] {
  const files = [...new Set(issues.map((issue) => issue.file))]
  const sorted = issues.toSorted(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) || a.place.line - b.place.line || a.place.column - b.place.column,
  )
  const shown = sorted.slice(0, MAX_SHOWN).flatMap((issue) => renderIssue(issue, style))
  const rest = sorted.length - MAX_SHOWN
  return rest > 0 ? [...shown, `… and ${plural(rest, 'more error')}`] : shown
}

function renderIssue(issue: Issue, style: Style): readonly string[] {
  const { line, column, width } = issue.place
  const where = style.bold(`${issue.file.name}:${line}:${column}`)
  const head = [where, ...(issue.path ? [style.cyan(issue.path)] : []), printable(issue.message)].join('  ')
  const source = issue.file.text.split('\n')[line - 1]?.replace(/\r$/, '')
  if (source === undefined || source.trim() === '') return [head]

  const from = column > MAX_SOURCE_CHARS ? column - 1 - MAX_SOURCE_CHARS / 2 : 0
  const excerpt = printable(source.replaceAll('\t', ' ')).slice(from, from + MAX_SOURCE_CHARS)
  const number = String(line).padStart(5)
  const caret = '^'.repeat(Math.max(1, Math.min(width, excerpt.length - (column - 1 - from))))
  return [
    head,
    style.dim(`${number} | ${excerpt}`),
    style.dim(`${' '.repeat(number.length)} | `) + ' '.repeat(column - 1 - from) + style.red(caret),
  ]
}
