import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { err, ok, type Result } from '#core/base/result.ts'
import { PEERS_PATH, type SealedCopyRequest } from '#core/protocol/admission.ts'
import { openOwnState } from '#agent/commands/own-state.ts'
import { saveEnrolment } from '#agent/identity/enrolment.ts'
import { ensureIdentity, proveAge, type Identity } from '#agent/identity/identity.ts'
import { admitAgent } from '#agent/vault/admit.ts'
import { readAdmitted } from '#agent/vault/admitted.ts'
import { openBundle } from '#agent/vault/seal.ts'
import { openVault } from '#agent/vault/vault.ts'
import { anEnrolment } from '../identity/an-enrolment.ts'
import { aJournal, aStateDir, CLUSTER } from '../journal/journal-at.ts'

const keysOf = (identity: Identity, agentId = '0123456789abcdefghjn') => ({
  agentId,
  identityKey: identity.publicKey,
  ageRecipient: identity.ageRecipient,
  ageProof: proveAge(identity),
})

/** A first agent with a bundle, and a second one that wants to be let in. */
async function twoAgents() {
  const stateDir = aStateDir()
  const own = await ensureIdentity(stateDir)
  const second = await ensureIdentity(aStateDir())
  const journal = aJournal(stateDir)
  const recipients = [own.ageRecipient]
  const vault = openVault({
    store: journal.secrets,
    identity: own.ageIdentity,
    recipients,
    now: Date.now,
    random: (count) => randomBytes(count),
  })
  await vault.create(CLUSTER, 1)
  const copies: SealedCopyRequest[] = []
  const relay = { peers: [keysOf(own, '0123456789abcdefghjm'), keysOf(second)], refuses: false }
  const ask = (path: string, body?: SealedCopyRequest): Promise<Result<unknown, string>> => {
    if (path === PEERS_PATH) return Promise.resolve(ok({ agents: relay.peers }))
    if (relay.refuses) return Promise.resolve(err('the relay refused'))
    if (body) copies.push(body)
    return Promise.resolve(ok({}))
  }
  const admit = (fingerprint: string) =>
    admitAgent(fingerprint, { stateDir, vault, recipients, bundles: () => journal.secrets.all(), ask })
  return { stateDir, own, second, vault, journal, recipients, copies, relay, admit }
}

test('[K6] an agent admitted by its fingerprint opens what was made before and what is made after', async () => {
  const { stateDir, second, vault, journal, copies, admit } = await twoAgents()
  const before = await vault.bundle(CLUSTER, 1)
  expect(await openBundle(vault.sealed(CLUSTER, 1) ?? '', second.ageIdentity)).toMatchObject({ ok: false })
  expect(await admit(second.fingerprint.toUpperCase())).toEqual({ ok: true, value: 1 })
  expect(copies).toMatchObject([{ agentId: '0123456789abcdefghjn', clusterUid: CLUSTER, version: 1 }])
  const opened = await openBundle(copies[0]?.ciphertext ?? '', second.ageIdentity)
  expect(opened).toEqual({ ok: true, value: before.ok ? before.value.reveal() : undefined })
  const later = await vault.create(CLUSTER, 2)
  expect(await openBundle(later.ok ? later.value : '', second.ageIdentity)).toMatchObject({ ok: true })

  // And after a restart.
  journal.close()
  saveEnrolment(stateDir, anEnrolment)
  const state = await openOwnState(stateDir)
  expect(state.ok && state.value.recipients).toContain(second.ageRecipient)
  if (state.ok) state.value.journal.close()
})

test('[K6] keys that the cloud slipped in under a fingerprint are refused, and nothing is sealed', async () => {
  const { stateDir, second, recipients, copies, relay, admit } = await twoAgents()
  const thief = await ensureIdentity(aStateDir())
  relay.peers = [
    { ...keysOf(second), ageRecipient: thief.ageRecipient },
    { ...keysOf(thief), identityKey: second.publicKey },
    keysOf(thief),
  ]
  expect(await admit(second.fingerprint)).toMatchObject({ ok: false })
  expect([copies, recipients.length, readAdmitted(stateDir)]).toEqual([[], 1, { ok: true, value: [] }])
})

test('[K6] an admission that was cut off is finished by repeating it', async () => {
  const { second, recipients, copies, relay, admit } = await twoAgents()
  relay.refuses = true
  expect(await admit(second.fingerprint)).toMatchObject({ ok: false })
  relay.refuses = false
  expect(await admit(second.fingerprint)).toEqual({ ok: true, value: 1 })
  expect([copies.length, recipients.length]).toEqual([1, 2])
})
