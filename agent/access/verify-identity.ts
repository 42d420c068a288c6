import { err, type Result } from '#core/base/result.ts'
import { OWNER_ISSUER } from '#core/protocol/owner-assertion.ts'
import type { Problem } from '#core/model/problem.ts'
import { fetchJson } from './fetch-json.ts'
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts'
import type { PinnedTrust } from './pinned-issuers.ts'
import { readToken, refused } from './token-parts.ts'
import { createUsedOnce, type UsedOnce } from './used-once.ts'
import { verifyIdToken } from './verify-id-token.ts'
import { verifyOwnerAssertion } from './verify-owner-assertion.ts'

/**
 * Who stands behind a request, proven to the agent itself and not to the cloud: by an ID token of an issuer pinned on
 * this machine, or by an assertion of an owner key pinned on this machine (K1).
 */
export interface Identity {
  readonly issuer: string
  readonly subject: string
  /** As the issuer says; empty for the owner. */
  readonly groups: readonly string[]
  readonly kind: 'person' | 'owner'
  /** Epoch ms; nothing granted for it may outlive it, except for the owner, whose assertions last a minute. */
  readonly expiresAt: number
  /** What its holder bound it to: the `bind` claim of an owner's assertion, the `nonce` of an ID token. */
  readonly boundTo?: string | undefined
}

export interface VerifyDeps {
  readonly trust: PinnedTrust
  /** Of this agent: the audience of owner assertions. */
  readonly fingerprint: string
  readonly now: () => number
  readonly keys: IssuerKeys
  readonly used: UsedOnce
}

/**
 * Problems: identity-refused (never), whose fact `reason` names the one thing that was wrong · unavailable (later): the
 * issuer's keys cannot be fetched. Repeating is safe for ID tokens; an owner's assertion counts once.
 */
export async function verifyIdentity(assertion: string, deps: VerifyDeps): Promise<Result<Identity, Problem>> {
  const token = readToken(assertion)
  if (!token) return err(refused('malformed'))
  return token.claims.iss === OWNER_ISSUER
    ? verifyOwnerAssertion(assertion, token, deps)
    : verifyIdToken(assertion, token, deps)
}

/** The verifier of a running agent, with its own memory of keys and of assertions that were used. */
export function createIdentityVerifier(own: {
  readonly trust: PinnedTrust
  readonly fingerprint: string
  readonly now: () => number
}): (assertion: string) => Promise<Result<Identity, Problem>> {
  const deps: VerifyDeps = {
    ...own,
    keys: createIssuerKeys({ fetchJson, now: own.now }),
    used: createUsedOnce(own.now()),
  }
  return (assertion) => verifyIdentity(assertion, deps)
}
