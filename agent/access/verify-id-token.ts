import { compactVerify } from 'jose'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { refused, SKEW_MS, untimely, type TokenParts } from './token-parts.ts'
import type { Identity, VerifyDeps } from './verify-identity.ts'

/** Only signatures by a key that nobody but the issuer has: never `none`, never a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA']
/** More groups than this are not a person's; what is beyond is ignored rather than believed. */
const MAX_GROUPS = 200
const MAX_GROUP_CHARS = 256

/** An OpenID Connect ID token of a pinned issuer. Source: OpenID Connect Core 1.0, section 3.1.3.7. */
export async function verifyIdToken(
  text: string,
  token: TokenParts,
  { trust, keys, now }: Pick<VerifyDeps, 'trust' | 'keys' | 'now'>,
): Promise<Result<Identity, Problem>> {
  const { header, claims } = token
  const pinned = trust.issuers.find(({ issuer }) => issuer === claims.iss)
  if (!pinned) return err(refused('issuer-not-pinned', { issuer: claims.iss }))
  if (!ALGORITHMS.includes(header.alg)) return err(refused('algorithm', { algorithm: header.alg }))
  if (!isFor(claims.aud, claims['azp'], pinned.clientId))
    return err(refused('audience', { expected: pinned.clientId, found: [claims.aud].flat() }))
  // Times before keys: whoever shows an old token makes the agent ask nobody.
  const wrongTime = untimely(token, now(), SKEW_MS)
  if (wrongTime) return err(refused(wrongTime))
  if (header.kid === undefined) return err(refused('key-unknown'))
  const key = await keys.find(claims.iss, header.kid, header.alg)
  if (!key.ok) return err(problem('unavailable', { part: claims.iss, text: key.error.slice(0, 500) }))
  if (!key.value) return err(refused('key-unknown', { kid: header.kid }))
  try {
    await compactVerify(text, key.value, { algorithms: [header.alg] })
  } catch {
    return err(refused('signature'))
  }
  const nonce = claims['nonce']
  return ok({
    issuer: claims.iss,
    subject: claims.sub,
    groups: groupsOf(claims[pinned.groupsClaim]),
    kind: 'person',
    expiresAt: claims.exp * 1000,
    ...(typeof nonce === 'string' ? { boundTo: nonce } : {}),
  })
}

/** A token for several audiences says which of them asked for it, and only that one may use it. */
function isFor(aud: string | readonly string[], azp: unknown, clientId: string): boolean {
  const audiences = [aud].flat()
  if (!audiences.includes(clientId)) return false
  return azp === undefined ? audiences.length === 1 : azp === clientId
}

const groupsOf = (claim: unknown): readonly string[] =>
  (Array.isArray(claim) ? claim : [claim])
    .filter((group): group is string => typeof group === 'string' && group !== '' && group.length <= MAX_GROUP_CHARS)
    .slice(0, MAX_GROUPS)
