import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { err, ok, type Result } from '#core/base/result.ts'
import { MAX_SETTINGS_CHARS } from '#core/model/cluster.ts'
import type { SourceFile } from '../yaml/source.ts'

/** The text of a patch that `beside`, a file of documents, refers to; the error says why it cannot be had. */
export type ReadPatchFile = (name: string, beside: SourceFile) => Result<SourceFile, string>

/** Comments and indentation go before a patch is stored; this is room enough for them. */
const MAX_FILE_BYTES = 4 * MAX_SETTINGS_CHARS

/** Names are relative to the file that refers to them; in documents from stdin, to the current folder. */
export const readPatchFromDisk: ReadPatchFile = (name, beside) => {
  const path = name.startsWith('/') ? name : join(dirname(beside.name), name)
  try {
    const { size } = statSync(path)
    if (size > MAX_FILE_BYTES) return err(`${path} has more than ${MAX_FILE_BYTES / 1024} KiB`)
    return ok({ name: path, text: readFileSync(path, 'utf8') })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reasons: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EISDIR: 'it is a folder' }
    return err(`${path} cannot be read: ${reasons[code] ?? (code || 'it failed')}`)
  }
}
