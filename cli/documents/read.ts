import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { err, ok, type Result } from '#core/base/result.ts'
import { sayFinding, type Finding } from '#core/check/finding.ts'
import { MAX_DOCUMENTS, MAX_REQUEST_BYTES, type Document } from '#core/model/document.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Style } from '../output/style.ts'
import { parseYaml } from '../yaml/parse.ts'
import { renderIssues } from '../yaml/report.ts'
import { locate, sayPath, type Issue, type SourceDocument, type SourceFile } from '../yaml/source.ts'
import { checkDocument } from './check-document.ts'
import { readPatchFromDisk } from './patch-file.ts'
import { resolvePatches } from './resolve-patches.ts'

/** A valid document and where it was written. */
export interface ReadDocument {
  readonly source: SourceDocument
  readonly document: Document
}

/** Files, folders (their .yaml and .yml, not deeper) and `-` for stdin. */
export async function readSources(names: readonly string[]): Promise<Result<readonly SourceFile[], Failure>> {
  const files: SourceFile[] = []
  for (const name of names) {
    try {
      if (name === '-') files.push({ name: 'stdin', text: await readStdin() })
      else if ((await stat(name)).isDirectory()) {
        const inside = (await readdir(name)).filter((file) => /\.ya?ml$/.test(file)).toSorted()
        if (inside.length === 0) return fail(EXIT.usage, `${name} holds no .yaml file.`)
        for (const file of inside) files.push(await readSource(join(name, file)))
      } else files.push(await readSource(name))
    } catch (error) {
      return fail(EXIT.usage, `${name} cannot be read: ${sayReadError(error)}`)
    }
  }
  return ok(files)
}

/** Every document of every file, patches included, or all that is wrong with any of them. */
export function readDocuments(
  files: readonly SourceFile[],
  readPatchFile = readPatchFromDisk,
): Result<readonly ReadDocument[], readonly Issue[]> {
  const read: ReadDocument[] = []
  const issues: Issue[] = []
  for (const file of files) {
    const parsed = parseYaml(file)
    issues.push(...parsed.issues)
    for (const written of parsed.documents) {
      const { source, issues: unreadable } = resolvePatches(written, readPatchFile)
      issues.push(...unreadable)
      if (unreadable.length > 0) continue
      const checked = checkDocument(source.value)
      if (checked.ok) read.push({ source, document: checked.value })
      else issues.push(...checked.error.map((finding) => issueOf(source, finding)))
    }
  }
  return issues.length > 0 ? err(issues) : ok(read)
}

/** The documents of a command's `-f`; the failure shows each error where it is. */
export async function readForCommand(
  names: readonly string[],
  style: Style,
  lastLine: string,
): Promise<Result<readonly ReadDocument[], Failure>> {
  const files = await readSources(names)
  if (!files.ok) return files
  const read = readDocuments(files.value)
  if (!read.ok) return fail(EXIT.usage, ...renderIssues(read.error, style), lastLine)
  if (read.value.length === 0) return fail(EXIT.usage, 'The files hold no document.', lastLine)
  if (read.value.length > MAX_DOCUMENTS)
    return fail(EXIT.usage, `There are ${read.value.length} documents; one request takes ${MAX_DOCUMENTS}.`, lastLine)
  const bytes = Buffer.byteLength(JSON.stringify(read.value.map(({ document }) => document)))
  if (bytes > MAX_REQUEST_BYTES)
    return fail(
      EXIT.usage,
      `The documents are larger than the ${MAX_REQUEST_BYTES / 1024} KiB of one request.`,
      lastLine,
    )
  return read
}

export const issueOf = (source: SourceDocument, finding: Finding): Issue => ({
  ...locate(source, finding.path, finding.target),
  path: sayPath(finding.path),
  message: sayFinding(finding),
})

/** What a check of several documents found, each at its place. */
export const issuesOf = (
  read: readonly ReadDocument[],
  findings: readonly (Finding & { readonly index: number })[],
): readonly Issue[] =>
  findings.flatMap((found) => {
    const source = read[found.index]?.source
    return source ? [issueOf(source, found)] : []
  })

/** Read no further than the parser would take anyway, so that a wrong name cannot fill the memory. */
async function readSource(name: string): Promise<SourceFile> {
  const { size } = await stat(name)
  if (size > MAX_REQUEST_BYTES) throw new Error(`it has more than ${MAX_REQUEST_BYTES / 1024} KiB`)
  return { name, text: await readFile(name, 'utf8') }
}

async function readStdin(): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_REQUEST_BYTES) throw new Error(`it has more than ${MAX_REQUEST_BYTES / 1024} KiB`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function sayReadError(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no such file.'
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') return 'permission denied.'
  return error instanceof Error ? `${error.message}.` : String(error)
}
