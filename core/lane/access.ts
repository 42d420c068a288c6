import { z } from 'zod'
import { Role } from '../access/role.ts'

/**
 * What a person may do inside a cluster, and how they ask for a certificate that says so. The request travels inside TLS
 * to the agent itself, so that neither the identity token nor the answer is ever seen by the cloud.
 */
export const CREDENTIAL_PATH = '/v1/credentials'
/** The name in the agent's own certificate; what counts is its key, which the client pins. */
export const ACCESS_SERVER_NAME = 'access.lanline.invalid'

/**
 * Nobody waits longer than this for rights to end. kubectl asks again by itself; talosctl cannot, so a person would have
 * to every half an hour.
 */
export const CERTIFICATE_TTL_MS = { kubernetes: 30 * 60_000, talos: 60 * 60_000 } as const
const MAX_CSR_CHARS = 8 * 1024
const MAX_ASSERTION_CHARS = 16 * 1024
const MAX_PEM_CHARS = 64 * 1024

export const CredentialRequest = z.strictObject({
  what: z.enum(['kubernetes', 'talos']),
  /** PEM of a PKCS#10 request; only its key and the proof that somebody has it are read. */
  csr: z.string().max(MAX_CSR_CHARS),
  /** An identity token, or what the owner's key has signed. */
  assertion: z.string().max(MAX_ASSERTION_CHARS),
})
export type CredentialRequest = z.infer<typeof CredentialRequest>

export const CredentialAnswer = z.object({
  /** PEM. */
  certificate: z.string().max(MAX_PEM_CHARS),
  /** PEM of the authority whose servers the client shall believe. */
  ca: z.string().max(MAX_PEM_CHARS),
  expiresAt: z.int(),
  role: Role,
  clusterName: z.string().max(64),
  machines: z
    .array(
      z.object({ name: z.string().max(64), role: z.enum(['controlplane', 'worker']), address: z.string().max(64) }),
    )
    .max(300),
})
export type CredentialAnswer = z.infer<typeof CredentialAnswer>

export const CredentialRefusal = z.object({ code: z.string().max(64), text: z.string().max(1_000) })
export type CredentialRefusal = z.infer<typeof CredentialRefusal>
