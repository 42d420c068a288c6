import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { MAX_ID_TOKEN_CHARS } from '#core/access/id-token.ts'
import { Name } from '#core/model/ids.ts'
import { makeFirstAdmin, type FirstAdmin } from '#db/bootstrap.ts'
import { revokeCredential } from '#db/credentials.ts'
import { readGrants } from '#db/rights.ts'
import { findServiceAccount } from '#db/service-accounts.ts'
import { beginSession, findUserBySubject, namesOfUser, nameOfUser } from '#db/users.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { sha256Hex } from '../digest.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { addressOf, limitAttempts } from '../limits.ts'
import { mintCredential, newUid } from '../login/mint.ts'
import { personByIdToken } from '../login/person.ts'
import { route } from '../route.ts'

/** How people get in: what to log in with, an identity token for a session, and once the bootstrap token for an admin. */
export const SESSION_MS = 3_600_000
/** Of the token of a first admin that is a program. */
const FIRST_TOKEN_MS = 90 * 24 * 3_600_000

const LoginAnswer = z
  .object({
    oidc: z.object({ issuer: z.string(), clientId: z.string() }).optional(),
    access: z.boolean().openapi({ description: 'Cloudflare Access stands before this API' }),
  })
  .openapi('Login')
const SessionAnswer = z
  .object({
    token: z.string().openapi({ description: 'shown once; a bearer token' }),
    name: z.string(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('Session')
const IdToken = z.string().max(MAX_ID_TOKEN_CHARS)

/** Each way in which an identity token may be refused. */
const ID_TOKEN_PROBLEMS = [
  'login-not-configured',
  'issuer-unreachable',
  'id-token-malformed',
  'id-token-algorithm',
  'id-token-key-missing',
  'id-token-key-unknown',
  'id-token-signature',
  'id-token-issuer',
  'id-token-audience',
  'id-token-expired',
  'id-token-not-yet-valid',
] as const

export function registerSessions(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/login',
      access: { to: 'anyone' },
      tags: ['identity'],
      summary: 'Where people log in',
      responses: responses({ status: 200, description: 'the identity provider', schema: LoginAnswer }, []),
    }),
    (c) => {
      const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId } = c.env
      const oidc = issuer && clientId ? { oidc: { issuer, clientId } } : {}
      return answer<z.infer<typeof LoginAnswer>>(c, { ...oidc, access: Boolean(c.env.ACCESS_TEAM_DOMAIN) })
    },
  )

  app.openapi(
    route({
      method: 'post',
      path: '/v1/sessions',
      access: { to: 'anyone' },
      tags: ['identity'],
      summary: 'Exchange an identity token for a session',
      request: {
        body: { required: true, content: { 'application/json': { schema: z.strictObject({ idToken: IdToken }) } } },
      },
      responses: responses({ status: 201, description: 'good for an hour', schema: SessionAnswer }, [
        'invalid-document',
        'no-access',
        'credential-revoked',
        ...ID_TOKEN_PROBLEMS,
      ]),
    }),
    async (c) => {
      const limited = await limitAttempts(c)
      if (limited) return problemResponse(c, limited)
      const { db, now, keys, requestId } = c.var
      const person = await personByIdToken(c.req.valid('json').idToken, c.env, keys, now)
      if (!person.ok) return problemResponse(c, { problem: person.error })
      const { issuer, subject, groups } = person.value
      const names = namesOfUser(person.value)
      const known = await findUserBySubject(db, issuer, subject)
      if (known?.disabledAt !== undefined) return problemResponse(c, refusal('credential-revoked'))
      const grants = await readGrants(db, { users: names, groups })
      // Whoever the provider knows and nobody here does leaves no row.
      if (grants.length === 0) return problemResponse(c, refusal('no-access', { user: names.join(' ') }))
      const user = { ...person.value, uid: known?.uid ?? newUid(now) }
      const { token, hash, id } = await mintCredential('session', now)
      const expiresAt = now + SESSION_MS
      const name = nameOfUser(user)
      const session = { hash, id, kind: 'session', name: '', principalKind: 'user', principalUid: user.uid } as const
      const actor = { actor: `user:${name}`, at: now, requestId, source: addressOf(c.req.raw) }
      await beginSession(db, user, { ...session, expiresAt }, actor)
      return answer<z.infer<typeof SessionAnswer>>(c, { token, name, expiresAt: iso(expiresAt) }, 201)
    },
  )

  app.openapi(
    route({
      method: 'delete',
      path: '/v1/sessions/current',
      access: { to: 'known' },
      tags: ['identity'],
      summary: 'End the session the request is made with',
      responses: responses({ status: 200, description: 'ended', schema: z.object({ ended: z.boolean() }) }, []),
    }),
    async (c) => {
      const { caller, db } = c.var
      const { kind, id } = caller.credential
      if (kind !== 'session' || id === undefined) return answer(c, { ended: false })
      const entry = { action: 'session.ended', kind: 'User', name: caller.name, uid: caller.uid ?? '' }
      await revokeCredential(db, id, actorOf(c), entry)
      return answer(c, { ended: true })
    },
  )

  app.openapi(
    route({
      method: 'post',
      path: '/v1/bootstrap',
      access: { to: 'admin', on: 'everything' },
      tags: ['identity'],
      summary: 'Exchange the bootstrap token for the first admin',
      description:
        'A person, by their identity token, or a service account. The bootstrap token is good for nothing afterwards.',
      request: {
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.union([z.strictObject({ idToken: IdToken }), z.strictObject({ serviceAccount: Name })]),
            },
          },
        },
      },
      responses: responses({ status: 201, description: 'the credential of the first admin', schema: SessionAnswer }, [
        'invalid-document',
        'bootstrap-ended',
        'name-taken',
        ...ID_TOKEN_PROBLEMS,
      ]),
    }),
    async (c) => {
      const { caller, db, keys, now } = c.var
      if (caller.kind !== 'bootstrap') return problemResponse(c, refusal('forbidden', { needs: 'the bootstrap token' }))
      const body = c.req.valid('json')
      let admin: FirstAdmin
      if ('idToken' in body) {
        const person = await personByIdToken(body.idToken, c.env, keys, now)
        if (!person.ok) return problemResponse(c, { problem: person.error })
        const known = await findUserBySubject(db, person.value.issuer, person.value.subject)
        admin = { type: 'user', user: { ...person.value, uid: known?.uid ?? newUid(now) } }
      } else {
        const name = body.serviceAccount
        if (await findServiceAccount(db, name)) return problemResponse(c, refusal('name-taken', { name }))
        admin = { type: 'service-account', account: { uid: newUid(now), name, createdAt: now } }
      }
      const person = admin.type === 'user'
      const { token, hash, id } = await mintCredential(person ? 'session' : 'token', now)
      const expiresAt = now + (person ? SESSION_MS : FIRST_TOKEN_MS)
      const credential = {
        hash,
        id,
        kind: person ? 'session' : 'token',
        name: person ? '' : 'first',
        principalKind: admin.type,
        principalUid: admin.type === 'user' ? admin.user.uid : admin.account.uid,
        expiresAt,
      } as const
      const used = await sha256Hex((c.req.header('Authorization') ?? '').split(' ')[1] ?? '')
      if (!(await makeFirstAdmin(db, used, admin, credential, actorOf(c))))
        return problemResponse(c, refusal('bootstrap-ended'))
      const name = admin.type === 'user' ? nameOfUser(admin.user) : admin.account.name
      return answer<z.infer<typeof SessionAnswer>>(c, { token, name, expiresAt: iso(expiresAt) }, 201)
    },
  )
}
