import { randomBytes } from 'node:crypto'
import { err, ok, type Result } from '#core/base/result.ts'
import { noBoundary, type Boundary } from '../crash-points.ts'
import { findEnrolment, type Enrolment } from '../identity/enrolment.ts'
import { findIdentity, type Identity } from '../identity/identity.ts'
import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/open-journal.ts'
import { readAdmitted } from '../vault/admitted.ts'
import { openVault, type Vault } from '../vault/vault.ts'

/** Everything of this agent that is on its disk, opened by whoever is allowed to write it. */
export interface OwnState {
  readonly enrolment: Enrolment
  readonly identity: Identity
  readonly journal: Journal
  readonly vault: Vault
  /** Whom new bundles are sealed to: this agent, and whom its owner named on this machine; `admit` adds to it. */
  readonly recipients: string[]
}

export const NOT_ENROLLED = (stateDir: string): string =>
  `not enrolled: ${stateDir} holds no enrolment; run \`lanline agent enroll SITE\` on your machine first, or name another --state-dir`

export async function openOwnState(
  stateDir: string,
  boundary: Boundary = noBoundary,
): Promise<Result<OwnState, string>> {
  const enrolment = findEnrolment(stateDir)
  if (!enrolment.ok) return enrolment
  const identity = await findIdentity(stateDir)
  if (!enrolment.value || !identity) return err(NOT_ENROLLED(stateDir))
  const admitted = readAdmitted(stateDir)
  if (!admitted.ok) return admitted
  const opened = openJournal(stateDir, { now: Date.now, boundary })
  if (!opened.ok) {
    const hint = opened.error.reason === 'in-use' ? '; is another lanline-agent running?' : ''
    return err(`the journal in ${stateDir} is ${opened.error.reason}: ${opened.error.text}${hint}`)
  }
  const journal = opened.value
  const others = admitted.value.map(({ ageRecipient }) => ageRecipient)
  const recipients = [identity.ageRecipient, ...enrolment.value.recoveryRecipients, ...others]
  const vault = openVault({
    store: journal.secrets,
    identity: identity.ageIdentity,
    recipients,
    now: Date.now,
    random: (count) => randomBytes(count),
  })
  return ok({ enrolment: enrolment.value, identity, journal, vault, recipients })
}
