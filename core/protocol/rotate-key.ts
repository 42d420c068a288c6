import { z } from 'zod'
import { Uid } from '../model/ids.ts'

/** POST /relay/v1/rotate-key: the old key vouches for the new one, and the new one shows that it is there. */
export const ROTATE_KEY_PATH = '/relay/v1/rotate-key'

const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/)

export const RotateKeyRequest = z.strictObject({
  agentId: Uid,
  /** Ed25519 public key, base64url of the raw 32 bytes. */
  identityKey: key,
  /** Of the phrase below, by the key that the relay knows. */
  signedByOld: signature,
  signedByNew: signature,
  /** Of the age recipient, by the new key. */
  ageProof: signature,
})
export type RotateKeyRequest = z.infer<typeof RotateKeyRequest>

export const RotateKeyResponse = z.object({ fingerprint: z.string().max(64) })

export const rotationPhrase = (agentId: string, identityKey: string): string =>
  `lanline new identity key v1\n${agentId}\n${identityKey}`
