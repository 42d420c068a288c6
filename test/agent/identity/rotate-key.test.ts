import { createPublicKey, verify } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { err, ok, type Result } from '#core/base/result.ts'
import { rotationPhrase, type RotateKeyRequest } from '#core/protocol/rotate-key.ts'
import { ensureIdentity, findIdentity, fingerprintOf } from '#agent/identity/identity.ts'
import { adoptNextKey, findNextIdentity, NEXT_KEY_FILE, rotateKey } from '#agent/identity/rotate-key.ts'
import { aStateDir } from '../journal/journal-at.ts'
import { anEnrolment } from './an-enrolment.ts'

const verifies = (publicKey: string, text: string, signature: string): boolean =>
  verify(
    null,
    Buffer.from(text),
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  )

type Send = NonNullable<Parameters<typeof rotateKey>[2]>

/** A relay that knows one key, and takes the next one as the real one does. */
function aRelay(knownKey: string) {
  const relay = {
    key: knownKey,
    lost: false,
    send: (
      _url: URL,
      { agentId, identityKey, signedByOld, signedByNew }: RotateKeyRequest,
    ): Promise<Result<unknown, string>> => {
      const phrase = rotationPhrase(agentId, identityKey)
      const vouched = relay.key === identityKey || verifies(relay.key, phrase, signedByOld)
      if (!vouched || !verifies(identityKey, phrase, signedByNew)) return Promise.resolve(err('refused'))
      relay.key = identityKey
      return Promise.resolve(relay.lost ? err('the answer was lost') : ok({ fingerprint: fingerprintOf(identityKey) }))
    },
  }
  return relay
}

test('[K3] the new key takes the place of the old one once the relay has confirmed it', async () => {
  const dir = aStateDir()
  const before = await ensureIdentity(dir)
  const relay = aRelay(before.publicKey)
  const rotated = await rotateKey(dir, anEnrolment, relay.send)
  const after = await findIdentity(dir)
  expect(rotated).toEqual({ ok: true, value: after?.fingerprint })
  expect([after?.publicKey, after?.ageRecipient]).toEqual([relay.key, before.ageRecipient])
  expect(after?.publicKey).not.toBe(before.publicKey)
  expect(existsSync(join(dir, NEXT_KEY_FILE))).toBe(false)
})

test('[K3] a refusal leaves the old key, and repeating uses the key that waits', async () => {
  const dir = aStateDir()
  const before = await ensureIdentity(dir)
  expect((await rotateKey(dir, anEnrolment, () => Promise.resolve(err('no')))).ok).toBe(false)
  expect((await findIdentity(dir))?.publicKey).toBe(before.publicKey)
  expect(statSync(join(dir, NEXT_KEY_FILE)).mode & 0o777).toBe(0o600)
  const waiting = await findNextIdentity(dir)
  expect(await rotateKey(dir, anEnrolment, aRelay(before.publicKey).send)).toMatchObject({ ok: true })
  expect((await findIdentity(dir))?.publicKey).toBe(waiting?.publicKey)
})

test.each([
  ['repeating', (dir: string, send: Send) => rotateKey(dir, anEnrolment, send)],
  ['dialling', (dir: string) => adoptNextKey(dir)],
])('[K3] after a lost answer, %s ends with the key that the relay knows', async (_how, goOn) => {
  const dir = aStateDir()
  const relay = aRelay((await ensureIdentity(dir)).publicKey)
  relay.lost = true
  expect((await rotateKey(dir, anEnrolment, relay.send)).ok).toBe(false)
  relay.lost = false
  await goOn(dir, relay.send)
  expect((await findIdentity(dir))?.publicKey).toBe(relay.key)
  expect(await findNextIdentity(dir)).toBeUndefined()
})

test('[K3] an answer that confirms something else changes nothing', async () => {
  const dir = aStateDir()
  const before = await ensureIdentity(dir)
  expect((await rotateKey(dir, anEnrolment, () => Promise.resolve(ok({ fingerprint: 'other' })))).ok).toBe(false)
  expect((await findIdentity(dir))?.publicKey).toBe(before.publicKey)
})
