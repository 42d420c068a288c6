import type { Context, Next } from 'hono'
import { kindOfToken } from '#core/access/token-text.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { bootstrapHasEnded } from '#db/bootstrap.ts'
import { findCredential, LAST_USE_EVERY_MS, rememberUse, type CredentialRow } from '#db/credentials.ts'
import { readGrants } from '#db/rights.ts'
import { findServiceAccountByUid } from '#db/service-accounts.ts'
import { findUser, namesOfUser, nameOfUser } from '#db/users.ts'
import { PUBLIC } from './access/public.ts'
import { actorName, BOOTSTRAP, type Caller } from './access/caller.ts'
import { isSame, sha256Hex } from './digest.ts'
import type { ApiBindings, ApiEnv } from './env.ts'
import { problemResponse, refusal, type Refusal } from './http.ts'
import { limitAttempts, limitIdentity } from './limits.ts'
import { callerByAccess } from './login/access-caller.ts'
import { SESSION_COOKIE, readCookie } from './login/cookies.ts'
import { askedBy, isReading } from './reading.ts'

/**
 * Finds out who is asking. Nobody passes without a good credential, not even to learn that a path does not exist; only
 * the routes of PUBLIC are for anyone. What a caller may do is decided at the route (./access/access.ts).
 *
 * A stranger costs nothing: without a credential in the form of ours no row is read.
 *
 * A session in a cookie comes by itself, so it writes only for our own pages. Basic credentials (token as password) are for a browser that opens /docs. Browsers send them by themselves, so they
 * only read: otherwise a foreign page could make the browser write.
 */
const MIN_BOOTSTRAP_CHARS = 16
/** Our own are shorter; a longer one is nobody's. */
const MAX_CREDENTIAL_CHARS = 512

export async function authorise(c: Context<ApiEnv>, next: Next): Promise<Response | undefined> {
  const open = PUBLIC.has(`${c.req.method} ${c.req.path}`)
  const found = open ? undefined : await findCaller(c)
  if (found && !found.ok) return await refuse(c, found.error)
  if (found) {
    const limited = await limitIdentity(c, actorName(found.value))
    if (limited) return problemResponse(c, limited)
    c.set('caller', found.value)
  }
  await next()
  return undefined
}

async function refuse(c: Context<ApiEnv>, refused: Refusal): Promise<Response> {
  const response = problemResponse(c, (await limitAttempts(c)) ?? refused)
  response.headers.set('WWW-Authenticate', isPage(c.req.raw) ? BASIC : BEARER)
  return response
}

/** One challenge each: browsers see a list of them as one unknown scheme and never ask for a password. */
const BASIC = 'Basic realm="lanline: any name, a token as password", charset="UTF-8"'
const BEARER = 'Bearer realm="lanline"'
const isPage = (request: Request): boolean =>
  isReading(request) && (request.headers.get('Accept') ?? '').includes('text/html')

async function findCaller(c: Context<ApiEnv>): Promise<Result<Caller, Refusal>> {
  const shown = credentialOf(c.req.raw)
  const cookie = shown === undefined ? readCookie(c.req.raw, SESSION_COOKIE) : undefined
  const given = shown ?? (kindOfToken(cookie ?? '') === 'session' ? cookie : undefined)
  const stranger = err(refusal('unauthorized'))
  if (given === undefined) return (await callerByAccess(c)) ?? stranger
  if (shown === undefined && !isReading(c.req.raw) && askedBy(c.req.raw) !== 'own-page')
    return err(refusal('forbidden', { reason: 'another site asked' }))
  if (await isBootstrap(c.env, given)) {
    const ended = await bootstrapHasEnded(c.var.db, await sha256Hex(given))
    return ended ? err(refusal('bootstrap-ended')) : ok(BOOTSTRAP)
  }
  if (kindOfToken(given) === undefined) return stranger
  const credential = await findCredential(c.var.db, await sha256Hex(given))
  if (!credential) return stranger
  if (credential.revokedAt !== undefined) return err(refusal('credential-revoked'))
  if (credential.expiresAt <= c.var.now) return err(refusal('credential-expired'))
  return (await ownerOf(c, credential)) ?? err(refusal('credential-revoked'))
}

/** undefined when the owner is gone or disabled. */
async function ownerOf(c: Context<ApiEnv>, credential: CredentialRow): Promise<Result<Caller, Refusal> | undefined> {
  const { db, now } = c.var
  const principal =
    credential.principalKind === 'user'
      ? await userOf(c, credential.principalUid)
      : await accountOf(c, credential.principalUid)
  if (!principal) return undefined
  const { id, kind, expiresAt, limit, lastUsedAt } = credential
  if (now - (lastUsedAt ?? 0) >= LAST_USE_EVERY_MS) c.executionCtx.waitUntil(rememberUse(db, id, now))
  return ok({
    ...principal,
    // A token that was bound to something that is no more is good for nothing.
    grants: limit === 'gone' ? [] : principal.grants,
    limit: limit === 'gone' ? undefined : limit,
    credential: { kind, id, expiresAt },
  })
}

type Principal = Omit<Caller, 'credential'>

async function userOf(c: Context<ApiEnv>, uid: string): Promise<Principal | undefined> {
  const user = await findUser(c.var.db, uid)
  if (!user || user.disabledAt !== undefined) return undefined
  const subject = { users: namesOfUser(user), groups: user.groups }
  return { kind: 'user', name: nameOfUser(user), uid, subject, grants: await readGrants(c.var.db, subject) }
}

async function accountOf(c: Context<ApiEnv>, uid: string): Promise<Principal | undefined> {
  const account = await findServiceAccountByUid(c.var.db, uid)
  if (!account) return undefined
  const subject = { users: [], groups: [], serviceAccount: account.name }
  const grants = await readGrants(c.var.db, { users: [], groups: [], serviceAccountUid: uid })
  return { kind: 'service-account', name: account.name, uid, subject, grants }
}

function credentialOf(request: Request): string | undefined {
  const [scheme = '', value = '', ...rest] = (request.headers.get('Authorization') ?? '').split(' ')
  if (rest.length > 0 || value === '' || value.length > MAX_CREDENTIAL_CHARS) return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic' || !isReading(request)) return undefined
  try {
    const pair = atob(value)
    return pair.slice(pair.indexOf(':') + 1)
  } catch {
    return undefined
  }
}

async function isBootstrap(env: ApiBindings, given: string): Promise<boolean> {
  const token = env.ADMIN_TOKEN
  if (!token) return false
  if (token.length < MIN_BOOTSTRAP_CHARS)
    throw new Error(`the secret ADMIN_TOKEN has fewer than ${MIN_BOOTSTRAP_CHARS} characters`)
  return await isSame(given, token)
}
