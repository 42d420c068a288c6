import { decodeJwt, decodeProtectedHeader } from 'jose'
import { z } from 'zod'
import { problem, type Facts, type Problem } from '#core/model/problem.ts'

/** A token as it says of itself, before anything of it is believed. */
export interface TokenParts {
  readonly header: z.infer<typeof Header>
  readonly claims: z.infer<typeof Claims>
}

/** ID tokens with many groups reach a few thousand characters. */
const MAX_TOKEN_CHARS = 16 * 1024
/** Clocks of people's machines and of providers. */
export const SKEW_MS = 60_000

const Header = z.looseObject({
  alg: z.string().max(32),
  kid: z.string().max(256).optional(),
  crit: z.never().optional(),
})
const Claims = z.looseObject({
  iss: z.string().max(500),
  sub: z.string().min(1).max(255),
  aud: z.union([z.string().max(256), z.array(z.string().max(256)).min(1).max(16)]),
  exp: z.number(),
  iat: z.number(),
  nbf: z.number().optional(),
})

/** Undefined for whatever is not a signed token with the claims that each must have. */
export function readToken(text: string): TokenParts | undefined {
  if (text.length > MAX_TOKEN_CHARS) return undefined
  try {
    const header = Header.safeParse(decodeProtectedHeader(text))
    const claims = Claims.safeParse(decodeJwt(text))
    return header.success && claims.success ? { header: header.data, claims: claims.data } : undefined
  } catch {
    return undefined
  }
}

/** The one thing that was wrong, for people and for tests. */
export type RefusalReason =
  | 'malformed'
  | 'algorithm'
  | 'issuer-not-pinned'
  | 'audience'
  | 'key-unknown'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'lives-too-long'
  | 'used-before'
  | 'older-than-the-agent'

const REASONS: Readonly<Record<RefusalReason, string>> = {
  malformed: 'it is not a signed token with issuer, subject, audience and times',
  algorithm: 'it is signed in a way that does not count here',
  'issuer-not-pinned': 'its issuer was not pinned on the machine of the agent',
  audience: 'it was made for somebody else',
  'key-unknown': 'its key is not, or no longer, a key of its issuer',
  signature: 'its signature is wrong',
  expired: 'it has expired',
  'not-yet-valid': 'it is dated in the future; one of the clocks is wrong',
  'lives-too-long': 'it counts for longer than a minute',
  'used-before': 'it was used before',
  'older-than-the-agent': 'it was made before the agent began; make a new one',
}

export const refused = (reason: RefusalReason, facts: Facts = {}): Problem =>
  problem('identity-refused', { reason, text: REASONS[reason], ...facts })

/** Whether the times of a token let it count now. */
export function untimely(
  { claims }: TokenParts,
  nowMs: number,
  skewMs: number,
): 'expired' | 'not-yet-valid' | undefined {
  if (claims.exp * 1000 <= nowMs - skewMs) return 'expired'
  const begins = Math.max(claims.iat, claims.nbf ?? 0)
  return begins * 1000 > nowMs + skewMs ? 'not-yet-valid' : undefined
}
