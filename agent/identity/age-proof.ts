import { createPublicKey, verify } from 'node:crypto'
import { agePhrase } from '#core/protocol/enroll.ts'
import { fingerprintOf } from './identity.ts'

/** Keys of an agent as the cloud names them. */
export interface NamedKeys {
  readonly identityKey: string
  readonly ageRecipient: string
  readonly ageProof?: string | undefined
}

/**
 * Whether these keys are those of a fingerprint that a person has compared: the identity key by its hash, the age
 * recipient by the identity key's signature. So the cloud cannot slip in a key of its own.
 */
export function isOwnedBy(fingerprint: string, { identityKey, ageRecipient, ageProof }: NamedKeys): boolean {
  if (ageProof === undefined || fingerprintOf(identityKey) !== fingerprint) return false
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: identityKey }, format: 'jwk' })
    return verify(null, Buffer.from(agePhrase(ageRecipient)), key, Buffer.from(ageProof, 'base64url'))
  } catch {
    return false
  }
}
