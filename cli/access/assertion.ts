import { createHash } from 'node:crypto'
import { err, ok, type Result } from '#core/base/result.ts'
import { ownerKeyPath, readOwnerKey, signOwnerAssertion } from '../recovery/owner-key.ts'

/**
 * Proof of who asks, for one agent and one request: the ID token of a login, or what the owner's key on this machine
 * signs. The agent believes what was pinned at its enrolment and nobody else.
 */
export function assertionOf(own: {
  readonly dataFolder: string
  readonly connection: string
  readonly now: () => number
  /** The ID token of a login, when there is one. */
  readonly idToken: () => Promise<string | undefined>
}): (agent: string, csr: string) => Promise<Result<string, string>> {
  return async (agent, csr) => {
    const idToken = await own.idToken()
    if (idToken !== undefined) return ok(idToken)
    const key = await readOwnerKey(ownerKeyPath(own.dataFolder, own.connection))
    if (!key.ok) return err(`nobody is logged in, and the owner's key is not here: ${key.error}`)
    const bind = createHash('sha256').update(csr).digest('base64url')
    return ok(await signOwnerAssertion(key.value, { fingerprint: agent, bind, nowMs: own.now() }))
  }
}
