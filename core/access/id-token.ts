import { z } from 'zod'
import { err, ok, type Result } from '../base/result.ts'
import { problem, type Problem } from '../model/problem.ts'

/**
 * An identity token before its signature is looked at: what it says, and whether it says what we ask for. Each reason to
 * refuse is a code of its own. Nothing here fetches; a token that fails here costs nobody a request.
 */
export const MAX_ID_TOKEN_CHARS = 8_192
/** Clocks of provider and verifier may differ by this much. */
export const ID_TOKEN_SKEW_S = 60
/** Asymmetric ones only: with HS256 the published key would be the secret. */
export const ID_TOKEN_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
export type IdTokenAlgorithm = (typeof ID_TOKEN_ALGORITHMS)[number]
const MAX_SUBJECT_CHARS = 255
/** Groups beyond are left out, which only takes rights away. */
export const MAX_CLAIMED_GROUPS = 200

const Header = z.object({
  alg: z.string().max(32),
  kid: z.string().min(1).max(256).optional(),
  crit: z.never().optional(),
})
const Claims = z
  .object({
    iss: z.string().max(512),
    sub: z.string().max(MAX_SUBJECT_CHARS),
    aud: z.union([z.string().max(512), z.array(z.string().max(512)).max(20)]),
    azp: z.string().max(512).optional(),
    exp: z.number(),
    iat: z.number(),
    nbf: z.number().optional(),
    email: z.string().max(254).optional(),
    email_verified: z.boolean().optional(),
  })
  .loose()
export type IdTokenClaims = z.infer<typeof Claims>

export interface UnverifiedIdToken {
  readonly algorithm: IdTokenAlgorithm
  readonly kid: string
  readonly claims: IdTokenClaims
}

/** `decode` turns base64url into text and throws on anything else. */
export function readIdToken(
  text: string,
  expected: { readonly issuer: string; readonly audience: string; readonly nowS: number },
  decode: (part: string) => string,
): Result<UnverifiedIdToken, Problem> {
  const parts = text.length <= MAX_ID_TOKEN_CHARS ? text.split('.') : []
  const [head = '', body = ''] = parts
  const header = Header.safeParse(parse(head, decode))
  if (parts.length !== 3 || !header.success) return err(problem('id-token-malformed'))
  const algorithm = ID_TOKEN_ALGORITHMS.find((known) => known === header.data.alg)
  if (!algorithm) return err(problem('id-token-algorithm', { allowed: [...ID_TOKEN_ALGORITHMS] }))
  const claims = Claims.safeParse(parse(body, decode))
  if (!claims.success) return err(problem('id-token-malformed'))
  if (header.data.kid === undefined) return err(problem('id-token-key-missing'))
  const wrong = checkClaims(claims.data, expected)
  return wrong ? err(wrong) : ok({ algorithm, kid: header.data.kid, claims: claims.data })
}

function checkClaims(
  claims: IdTokenClaims,
  { issuer, audience, nowS }: { readonly issuer: string; readonly audience: string; readonly nowS: number },
): Problem | undefined {
  if (claims.iss !== issuer) return problem('id-token-issuer', { expected: issuer })
  const audiences = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  const meantForAnother = audiences.length > 1 && claims.azp !== undefined && claims.azp !== audience
  if (!audiences.includes(audience) || meantForAnother) return problem('id-token-audience', { expected: audience })
  if (claims.exp <= nowS - ID_TOKEN_SKEW_S) return problem('id-token-expired')
  if (Math.max(claims.iat, claims.nbf ?? claims.iat) > nowS + ID_TOKEN_SKEW_S) return problem('id-token-not-yet-valid')
  return undefined
}

/** Names of groups in a claim, whatever else stands there. */
export function groupsIn(claims: IdTokenClaims, claim: string): readonly string[] {
  const given = claims[claim]
  const names = Array.isArray(given) ? given.filter((each) => typeof each === 'string' && each.length <= 256) : []
  return [...new Set(names as string[])].slice(0, MAX_CLAIMED_GROUPS)
}

function parse(part: string, decode: (part: string) => string): unknown {
  try {
    return JSON.parse(decode(part))
  } catch {
    return undefined
  }
}
