import { join } from 'node:path'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { Name, Uid } from '#core/model/ids.ts'
import { findPrivateFile, writePrivateFile } from './state-files.ts'

/** An age recipient, which is public. */
export const AgeRecipient = z
  .string()
  .regex(/^age1[0-9a-z]{58}$/, 'must be an age recipient: "age1" and 58 letters and digits')

/** More than anyone keeps in safes. */
const MAX_RECOVERY_RECIPIENTS = 8

/** Which deployment and which site this agent belongs to, and who besides itself may open what it seals. */
export const Enrolment = z.strictObject({
  agentId: Uid,
  siteUid: Uid,
  siteName: Name,
  /** Origin of the relay; also the audience of door tokens. */
  relayOrigin: z.url(),
  /** Given on this machine by its owner. Recipients that come from the cloud are never used. */
  recoveryRecipients: z.array(AgeRecipient).min(1).max(MAX_RECOVERY_RECIPIENTS),
  enrolledAt: z.int(),
})
export type Enrolment = z.infer<typeof Enrolment>

export const ENROLMENT_FILE = 'enrolment.json'

/** ok(undefined) when the agent is not enrolled; an error when the file is there and makes no sense. */
export function findEnrolment(stateDir: string): Result<Enrolment | undefined, string> {
  const text = findPrivateFile(stateDir, ENROLMENT_FILE)
  if (text === undefined) return ok(undefined)
  try {
    const read = Enrolment.safeParse(JSON.parse(text))
    if (read.success) return ok(read.data)
    return err(`${join(stateDir, ENROLMENT_FILE)}: ${z.prettifyError(read.error)}`)
  } catch {
    return err(`${join(stateDir, ENROLMENT_FILE)} is not JSON`)
  }
}

export const saveEnrolment = (stateDir: string, enrolment: Enrolment): void =>
  writePrivateFile(join(stateDir, ENROLMENT_FILE), `${JSON.stringify(enrolment, null, 2)}\n`)
