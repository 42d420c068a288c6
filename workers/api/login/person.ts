import { groupsIn, type IdTokenClaims } from '#core/access/id-token.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { ApiBindings } from '../env.ts'
import type { KeyCache } from './key-cache.ts'
import { verifyIdToken } from './verify-id-token.ts'

/** A person as a provider vouches for them, before anybody has looked whether they have a role here. */
export interface Person {
  readonly issuer: string
  readonly subject: string
  /** Only a verified address: anybody can claim one. */
  readonly email: string | undefined
  readonly groups: readonly string[]
  /** Of the question this is the answer to, where there was one. */
  readonly nonce: string | undefined
}

/** Problems: login-not-configured, and those of ./verify-id-token.ts. */
export async function personByIdToken(
  text: string,
  env: ApiBindings,
  keys: KeyCache,
  now: number,
): Promise<Result<Person, Problem>> {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: audience } = env
  if (!issuer || !audience) return err(problem('login-not-configured'))
  const claims = await verifyIdToken(text, { source: { issuer }, audience, now }, keys)
  if (!claims.ok) return claims
  if (claims.value.sub === '') return err(problem('id-token-malformed'))
  const email = claims.value.email_verified === true ? claims.value.email : undefined
  return ok(toPerson(claims.value, claims.value.sub, email, env.OIDC_GROUPS_CLAIM ?? 'groups'))
}

/**
 * Somebody whom Cloudflare Access let through. Its service tokens have no subject and are called by their common name.
 * Source: Cloudflare docs, "Validate JWTs" and "Application token".
 */
export async function personByAccess(
  assertion: string,
  env: ApiBindings,
  keys: KeyCache,
  now: number,
): Promise<Result<Person, Problem>> {
  const { ACCESS_TEAM_DOMAIN: domain, ACCESS_AUD: audience } = env
  if (!domain || !audience) return err(problem('login-not-configured'))
  const issuer = `https://${domain}`
  const source = { issuer, jwksUrl: `${issuer}/cdn-cgi/access/certs` }
  const claims = await verifyIdToken(assertion, { source, audience, now }, keys)
  if (!claims.ok) return claims
  const commonName = claims.value['common_name']
  const service = typeof commonName === 'string' && commonName !== '' ? `service:${commonName}` : ''
  const subject = claims.value.sub === '' ? service : claims.value.sub
  if (subject === '') return err(problem('id-token-malformed'))
  return ok(toPerson(claims.value, subject, claims.value.email, 'groups'))
}

const toPerson = (claims: IdTokenClaims, subject: string, email: string | undefined, groupsClaim: string): Person => ({
  issuer: claims.iss,
  subject,
  email: email?.toLowerCase(),
  groups: groupsIn(claims, groupsClaim),
  nonce: typeof claims['nonce'] === 'string' ? claims['nonce'] : undefined,
})
