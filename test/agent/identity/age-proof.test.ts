import { expect, test } from 'vitest'
import { isOwnedBy } from '#agent/identity/age-proof.ts'
import { ensureIdentity, proveAge } from '#agent/identity/identity.ts'
import { aStateDir } from '../journal/journal-at.ts'

test('[K2] a fingerprint stands for both keys of an agent: a swapped, unsigned or foreign one is not its own', async () => {
  const [own, other] = [await ensureIdentity(aStateDir()), await ensureIdentity(aStateDir())]
  const keys = { identityKey: own.publicKey, ageRecipient: own.ageRecipient, ageProof: proveAge(own) }
  expect(isOwnedBy(own.fingerprint, keys)).toBe(true)
  expect(isOwnedBy(other.fingerprint, keys)).toBe(false)
  expect(isOwnedBy(own.fingerprint, { ...keys, ageRecipient: other.ageRecipient })).toBe(false)
  expect(isOwnedBy(own.fingerprint, { ...keys, ageProof: proveAge(other) })).toBe(false)
  expect(isOwnedBy(own.fingerprint, { ...keys, ageProof: undefined })).toBe(false)
  expect(isOwnedBy(own.fingerprint, { ...keys, identityKey: 'not a key' })).toBe(false)
})
