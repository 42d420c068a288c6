import type { Context } from 'hono'
import { err, ok, type Result } from '#core/base/result.ts'
import { readGrants } from '#db/rights.ts'
import { beginSession, findUserBySubject, namesOfUser, nameOfUser } from '#db/users.ts'
import type { ApiEnv } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { addressOf } from '../limits.ts'
import { mintCredential, newUid } from './mint.ts'
import type { Person } from './person.ts'

export const SESSION_MS = 3_600_000

export interface OpenedSession {
  readonly token: string
  readonly name: string
  readonly expiresAt: number
}

/** A session for somebody the provider vouches for. Refusals: credential-revoked, shut out here · no-access, no role here. */
export async function openSession(c: Context<ApiEnv>, person: Person): Promise<Result<OpenedSession, Refusal>> {
  const { db, now, requestId } = c.var
  const names = namesOfUser(person)
  const known = await findUserBySubject(db, person.issuer, person.subject)
  if (known?.disabledAt !== undefined) return err(refusal('credential-revoked'))
  // Whoever the provider knows and nobody here does leaves no row.
  if ((await readGrants(db, { users: names, groups: person.groups })).length === 0)
    return err(refusal('no-access', { user: names.join(' ') }))
  const user = { ...person, uid: known?.uid ?? newUid(now) }
  const { token, hash, id } = await mintCredential('session', now)
  const expiresAt = now + SESSION_MS
  const name = nameOfUser(user)
  const session = { hash, id, kind: 'session', name: '', principalKind: 'user', principalUid: user.uid } as const
  const actor = { actor: `user:${name}`, at: now, requestId, source: addressOf(c.req.raw) }
  await beginSession(db, user, { ...session, expiresAt }, actor)
  return ok({ token, name, expiresAt })
}
