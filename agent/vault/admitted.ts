import { join } from 'node:path'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { AgeRecipient } from '../identity/enrolment.ts'
import { findPrivateFile, writePrivateFile } from '../identity/state-files.ts'

/** Other agents of the site that the owner has admitted here, by the fingerprint typed on this machine. */
const MAX_ADMITTED = 6

const Admitted = z
  .array(z.strictObject({ agentId: z.string().max(64), fingerprint: z.string().max(64), ageRecipient: AgeRecipient }))
  .max(MAX_ADMITTED)
export type Admitted = z.infer<typeof Admitted>[number]

export const ADMITTED_FILE = 'admitted.json'

/** Nobody, when nobody was admitted; an error when the file is there and makes no sense. */
export function readAdmitted(stateDir: string): Result<readonly Admitted[], string> {
  const text = findPrivateFile(stateDir, ADMITTED_FILE)
  if (text === undefined) return ok([])
  try {
    const read = Admitted.safeParse(JSON.parse(text))
    return read.success ? ok(read.data) : err(`${join(stateDir, ADMITTED_FILE)}: ${z.prettifyError(read.error)}`)
  } catch {
    return err(`${join(stateDir, ADMITTED_FILE)} is not JSON`)
  }
}

/** An agent admitted again replaces what was said of it. The error is a sentence: there are too many. */
export function saveAdmitted(stateDir: string, known: readonly Admitted[], added: Admitted): Result<void, string> {
  const all = [...known.filter(({ agentId }) => agentId !== added.agentId), added]
  if (all.length > MAX_ADMITTED) return err(`more than ${MAX_ADMITTED} other agents cannot be admitted`)
  writePrivateFile(join(stateDir, ADMITTED_FILE), `${JSON.stringify(all, null, 2)}\n`)
  return ok(undefined)
}
