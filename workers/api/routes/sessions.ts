import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { MAX_ID_TOKEN_CHARS } from '#core/access/id-token.ts'
import { revokeCredential } from '#db/credentials.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse } from '../http.ts'
import { limitAttempts } from '../limits.ts'
import { SESSION_COOKIE, setCookie } from '../login/cookies.ts'
import { openSession } from '../login/open-session.ts'
import { personByIdToken } from '../login/person.ts'
import { route } from '../route.ts'

/** How people get in: what to log in with, and an identity token for a session. */
const LoginAnswer = z
  .object({
    oidc: z.object({ issuer: z.string(), clientId: z.string() }).optional(),
    access: z.boolean().openapi({ description: 'Cloudflare Access stands before this API' }),
  })
  .openapi('Login')
export const SessionAnswer = z
  .object({
    token: z.string().openapi({ description: 'shown once; a bearer token' }),
    name: z.string(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('Session')
export const IdToken = z.string().max(MAX_ID_TOKEN_CHARS)

/** Each way in which an identity token may be refused. */
export const ID_TOKEN_PROBLEMS = [
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
      const { now, keys } = c.var
      const person = await personByIdToken(c.req.valid('json').idToken, c.env, keys, now)
      if (!person.ok) return problemResponse(c, { problem: person.error })
      const session = await openSession(c, person.value)
      if (!session.ok) return problemResponse(c, session.error)
      const { token, name, expiresAt } = session.value
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
      c.header('Set-Cookie', setCookie(SESSION_COOKIE, '', 0))
      const entry = { action: 'session.ended', kind: 'User', name: caller.name, uid: caller.uid ?? '' }
      await revokeCredential(db, id, actorOf(c), entry)
      return answer(c, { ended: true })
    },
  )
}
