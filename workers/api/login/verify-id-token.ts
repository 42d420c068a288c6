import { compactVerify, importJWK, type JWK } from 'jose'
import { err, ok, type Result } from '#core/base/result.ts'
import { readIdToken, type IdTokenClaims } from '#core/access/id-token.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { Jwk, KeyCache, KeySource } from './key-cache.ts'

/**
 * Verifies an identity token: form, algorithm, issuer, audience and times first, because they cost nothing; then the key
 * and the signature. Every reason to refuse is a code of its own (core/access/id-token.ts, ./key-cache.ts), and
 * id-token-signature.
 */
export async function verifyIdToken(
  text: string,
  expected: { readonly source: KeySource; readonly audience: string; readonly now: number },
  keys: KeyCache,
): Promise<Result<IdTokenClaims, Problem>> {
  const { source, audience, now } = expected
  const read = readIdToken(text, { issuer: source.issuer, audience, nowS: now / 1000 }, decode)
  if (!read.ok) return read
  const { algorithm, kid, claims } = read.value
  const key = await keys.find(source, kid, now)
  if (!key.ok) return key
  return (await isSigned(text, key.value, algorithm)) ? ok(claims) : err(problem('id-token-signature'))
}

async function isSigned(text: string, jwk: Jwk, algorithm: string): Promise<boolean> {
  try {
    await compactVerify(text, await importJWK(jwk as JWK, algorithm), { algorithms: [algorithm] })
    return true
  } catch {
    return false
  }
}

function decode(part: string): string {
  if (!/^[\w-]+$/.test(part)) throw new Error('not base64url')
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}
