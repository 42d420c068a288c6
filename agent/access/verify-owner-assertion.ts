import { compactVerify, importJWK } from 'jose'
import { err, ok, type Result } from '#core/base/result.ts'
import { OWNER_ASSERTION_TTL_S, OWNER_SUBJECT } from '#core/protocol/owner-assertion.ts'
import type { Problem } from '#core/model/problem.ts'
import { refused, untimely, type TokenParts } from './token-parts.ts'
import type { Identity, VerifyDeps } from './verify-identity.ts'

/** The owner's machine makes its assertion in this moment; its clock may be off by that much. */
const SKEW_MS = 30_000

/** What the owner's own key says, for this agent alone, for a minute and once. No provider and no cloud is needed. */
export async function verifyOwnerAssertion(
  text: string,
  token: TokenParts,
  { trust, fingerprint, now, used }: Pick<VerifyDeps, 'trust' | 'fingerprint' | 'now' | 'used'>,
): Promise<Result<Identity, Problem>> {
  const { header, claims } = token
  if (header.alg !== 'EdDSA') return err(refused('algorithm', { algorithm: header.alg }))
  if (claims.aud !== fingerprint) return err(refused('audience', { expected: fingerprint }))
  if (claims.sub !== OWNER_SUBJECT) return err(refused('malformed'))
  if (claims.exp - claims.iat > OWNER_ASSERTION_TTL_S) return err(refused('lives-too-long'))
  const wrongTime = untimely(token, now(), SKEW_MS)
  if (wrongTime) return err(refused(wrongTime))
  const { jti, bind } = claims
  if (typeof jti !== 'string' || jti.length < 8 || jti.length > 64) return err(refused('malformed'))
  if (bind !== undefined && (typeof bind !== 'string' || bind.length > 256)) return err(refused('malformed'))
  if (header.kid === undefined || !trust.ownerKeys.includes(header.kid)) return err(refused('key-unknown'))
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: header.kid }, 'EdDSA')
    await compactVerify(text, key, { algorithms: ['EdDSA'] })
  } catch {
    return err(refused('signature'))
  }
  // Last, so that only the owner can use a number up.
  const taken = used.take(jti, claims.iat * 1000, claims.exp * 1000 + SKEW_MS, now())
  if (taken !== 'taken') return err(refused(taken))
  return ok({
    issuer: claims.iss,
    subject: claims.sub,
    groups: [],
    kind: 'owner',
    expiresAt: claims.exp * 1000,
    ...(bind === undefined ? {} : { boundTo: bind }),
  })
}
