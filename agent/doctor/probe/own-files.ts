import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ENROLMENT_FILE } from '../../identity/enrolment.ts'
import { AGE_KEY_FILE, IDENTITY_KEY_FILE } from '../../identity/identity.ts'
import { JOURNAL_FILE } from '../../journal/open-journal.ts'

/** Mode and owner of what only the service may read. */
export interface FileFacts {
  readonly path: string
  readonly kind: 'directory' | 'file'
  /** Permission bits, as in 0o600. */
  readonly mode: number
  readonly uid: number
}

/** The state directory first; what is missing is left out, what may not be looked at as well. */
export const ownFiles = (stateDir: string): readonly FileFacts[] =>
  [stateDir, ...[IDENTITY_KEY_FILE, AGE_KEY_FILE, ENROLMENT_FILE, JOURNAL_FILE].map((name) => join(stateDir, name))]
    .map(factsOf)
    .filter((facts) => facts !== undefined)

function factsOf(path: string): FileFacts | undefined {
  try {
    const found = statSync(path)
    return { path, kind: found.isDirectory() ? 'directory' : 'file', mode: found.mode & 0o777, uid: found.uid }
  } catch {
    return undefined
  }
}

export function freeBytesAt(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return undefined
  }
}
