import { z } from 'zod'
import { Name, Uid } from '../model/ids.ts'

/** POST /relay/v1/enroll: the one time an agent shows a join token. Only public halves go up. */
export const JOIN_TOKEN_PREFIX = 'lanjoin_'
export const JOIN_TOKEN_TTL_MS = 60 * 60_000

export const EnrollRequest = z.strictObject({
  token: z.string().regex(/^lanjoin_[A-Za-z0-9_-]{43}$/),
  /** Ed25519 public key, base64url of the raw 32 bytes. */
  identityKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** age X25519 recipient of the agent, shown to people; nothing is sealed to keys that come from the cloud. */
  ageRecipient: z.string().regex(/^age1[0-9a-z]{58}$/),
  /** Ed25519 signature of `agePhrase(ageRecipient)` by the identity key, base64url: one fingerprint stands for both keys. */
  ageProof: z
    .string()
    .regex(/^[A-Za-z0-9_-]{86}$/)
    .optional(),
  agentVersion: z.string().max(32),
  hostname: z.string().max(253),
})
export type EnrollRequest = z.infer<typeof EnrollRequest>

export const EnrollResponse = z.object({
  agentId: Uid,
  siteUid: Uid,
  siteName: Name,
  serverTimeMs: z.int(),
  /** False: the door stays closed until an admin has compared the fingerprint. */
  approved: z.boolean().default(true),
})
export type EnrollResponse = z.infer<typeof EnrollResponse>

/** What an agent signs to say that an age recipient is its own. */
export const agePhrase = (recipient: string): string => `lanline age recipient v1\n${recipient}`

/** An agent that nobody has approved within this time has to be enrolled anew. */
export const PENDING_TTL_MS = 24 * 60 * 60_000

/** The socket's upgrade carries `Authorization: Bearer <EdDSA JWT>` with kid = agentId, sub = siteUid, aud = origin of the relay, jti, exp ≤ 60 s. */
export const CONNECT_PATH = '/relay/v1/connect'
export const ENROLL_PATH = '/relay/v1/enroll'
export const DOOR_TOKEN_TTL_S = 60
