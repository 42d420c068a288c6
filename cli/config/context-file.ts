import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { nearest } from '#core/base/nearest.ts'
import { ok, type Result } from '#core/base/result.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Style } from '../output/style.ts'
import { parseYaml } from '../yaml/parse.ts'
import { renderIssues } from '../yaml/report.ts'
import { placeOf, sayPath } from '../yaml/source.ts'

/**
 * The places this person's APIs are at, by name. It may hold tokens, so nobody else may read it; a context without one is
 * used by whoever has logged in to it.
 */
export const ContextFile = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
    z.strictObject({ url: z.url(), token: z.string().min(1).optional() }),
  ),
})
export type ContextFile = z.infer<typeof ContextFile>

/** Any bit for group or others. */
const OTHERS_MAY = 0o077

/** undefined when there is no such file. */
export async function readContextFile(path: string, style: Style): Promise<Result<ContextFile | undefined, Failure>> {
  let text: string
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0)
      return fail(EXIT.usage, `${path} holds tokens and can be read by others.`, `Run: chmod 600 ${path}`)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ok(undefined)
    return fail(EXIT.usage, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { documents, issues } = parseYaml({ name: path, text })
  if (issues.length > 0) return fail(EXIT.usage, ...hideSource(renderIssues(issues, style)))
  const [document] = documents
  if (!document) return ok(undefined)
  const parsed = ContextFile.safeParse(document.value)
  if (parsed.success) return ok(parsed.data)
  const places = parsed.error.issues.map((issue) => {
    const members = issue.path.map(String)
    const { line, column } = placeOf(document, members, 'key')
    return `${path}:${line}:${column}  ${sayPath(members)}  ${issue.message}`
  })
  return fail(EXIT.usage, ...places)
}

export function contextNamed(file: ContextFile, name: string): Result<ContextFile['contexts'][string], Failure> {
  const found = file.contexts[name]
  if (found) return ok(found)
  const names = Object.keys(file.contexts)
  const near = nearest(name, names)
  return fail(
    EXIT.usage,
    `There is no context "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    `Contexts: ${names.join(', ') || 'none'}`,
  )
}

/** A source line of this file could show a token; only the heads of the issues are printed. */
const hideSource = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !/^\S*\s*\d*\s+\|/.test(line))
