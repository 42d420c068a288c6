import type { Context } from 'hono'
import { err, ok, type Result } from '#core/base/result.ts'
import { recordAuditSometimes } from '#db/coalesced-audit.ts'
import { readGrants } from '#db/rights.ts'
import { findUserBySubject, namesOfUser, nameOfUser, rememberUser, type User } from '#db/users.ts'
import type { Caller } from '../access/caller.ts'
import type { ApiEnv } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { addressOf } from '../limits.ts'
import { askedBy, isReading } from '../reading.ts'
import { newUid } from './mint.ts'
import { personByAccess, type Person } from './person.ts'

/**
 * Somebody whom Cloudflare Access let through to us. Access vouches with a header on every request; the browser's cookie
 * behind it comes by itself, so a request that another site made may only read. undefined: there is no such header, or
 * this deployment is not behind Access.
 */
const HEADER = 'Cf-Access-Jwt-Assertion'
/** Access has no login that we could see; somebody's first request in this time counts as one. */
const LOGIN_EVERY_MS = 3_600_000

export async function callerByAccess(c: Context<ApiEnv>): Promise<Result<Caller, Refusal> | undefined> {
  const assertion = c.req.header(HEADER)
  if (assertion === undefined || !c.env.ACCESS_TEAM_DOMAIN) return undefined
  if (!isReading(c.req.raw) && askedBy(c.req.raw) === 'another-site')
    return err(refusal('forbidden', { reason: 'another site asked' }))
  const person = await personByAccess(assertion, c.env, c.var.keys, c.var.now)
  if (!person.ok) return err({ problem: person.error })
  return await toCaller(c, person.value)
}

async function toCaller(c: Context<ApiEnv>, person: Person): Promise<Result<Caller, Refusal>> {
  const { db, now } = c.var
  const subject = { users: namesOfUser(person), groups: person.groups }
  const [known, grants] = await Promise.all([
    findUserBySubject(db, person.issuer, person.subject),
    readGrants(db, subject),
  ])
  if (known?.disabledAt !== undefined) return err(refusal('credential-revoked'))
  // Somebody without a role leaves no row.
  if (!known && grants.length === 0) return err(refusal('no-access', { user: subject.users.join(' ') }))
  const uid = known?.uid ?? newUid(now)
  if (!known || now - known.lastLoginAt >= LOGIN_EVERY_MS || changed(known, person))
    await rememberLogin(c, { ...person, uid })
  return ok({ kind: 'user', name: nameOfUser(person), uid, subject, grants, credential: { kind: 'access' } })
}

const changed = (known: User, { email, groups }: Person): boolean =>
  known.email !== email || known.groups.join('\n') !== groups.join('\n')

async function rememberLogin(c: Context<ApiEnv>, user: Person & { readonly uid: string }): Promise<void> {
  const name = nameOfUser(user)
  const { now: at, requestId } = c.var
  await rememberUser(c.var.db, user, at)
  await recordAuditSometimes(
    c.var.db,
    { actor: `user:${name}`, at, requestId, source: addressOf(c.req.raw) },
    { action: 'session.begun', kind: 'User', name, uid: user.uid, facts: { by: 'access' } },
    { key: `login:user:${name}`, everyMs: LOGIN_EVERY_MS },
  )
}
