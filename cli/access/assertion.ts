import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { err, ok, type Result } from '#core/base/result.ts'
import { EXIT } from '../exit-codes.ts'
import { currentIdToken } from '../login/identity.ts'
import { ownerKeyPath, readOwnerKey, signOwnerAssertion } from '../recovery/owner-key.ts'

/**
 * Proof of who asks, for one agent and one request: the ID token of a login, or what the owner's key on this machine
 * signs. The agent believes what was pinned at its enrolment and nobody else.
 */
export function assertionOf(own: {
  readonly dataFolder: string
  readonly connection: string
  readonly now: () => number
}): (agent: string, csr: string) => Promise<Result<string, string>> {
  const { dataFolder: folder, connection, now } = own
  return async (agent, csr) => {
    const login = await currentIdToken(connection, { folder, now, fetch, sleep: (ms) => wait(ms) })
    if (login.ok) return login
    // Somebody is logged in, and the provider is what fails: to be the owner instead would be a surprise.
    if (login.error.exit !== EXIT.login) return err(login.error.lines.join(' '))
    const key = await readOwnerKey(ownerKeyPath(folder, connection))
    if (!key.ok) return err(`nobody is logged in, and the owner's key is not here: ${key.error}`)
    const bind = createHash('sha256').update(csr).digest('base64url')
    return ok(await signOwnerAssertion(key.value, { fingerprint: agent, bind, nowMs: now() }))
  }
}
