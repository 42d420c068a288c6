import { z, type OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { err, type Result } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { problemResponse, refusal, type Refusal } from '../http.ts'
import { limitAttempts } from '../limits.ts'
import { authorizationUrl, Memory, newMemory, redeem, type Client } from '../login/code-flow.ts'
import { LOGIN_COOKIE, readCookie, SESSION_COOKIE, setCookie } from '../login/cookies.ts'
import { openSession, SESSION_MS, type OpenedSession } from '../login/open-session.ts'
import { personByIdToken } from '../login/person.ts'
import { route } from '../route.ts'

/** A person's browser: away to the provider, and back with a session in a cookie. */
const LOGIN_S = 600
const MAX_PARAMETER_CHARS = 2_000
const fetcher = (url: string, init: RequestInit) => fetch(url, init)

export function registerBrowserLogin(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/login/browser',
      access: { to: 'anyone' },
      tags: ['identity'],
      summary: 'Send a browser to the identity provider',
      request: { query: z.object({ to: Memory.shape.to.default('/docs') }) },
      responses: {
        ...responses({ status: 200, description: 'never', schema: z.object({}) }, [
          'login-not-configured',
          'issuer-unreachable',
        ]),
        302: { description: 'to the provider' },
      },
    }),
    async (c) => {
      const limited = await limitAttempts(c)
      if (limited) return problemResponse(c, limited)
      const client = clientOf(c)
      if (!client) return problemResponse(c, refusal('login-not-configured'))
      const memory = newMemory(c.req.valid('query').to)
      const url = await authorizationUrl(client, memory, fetcher)
      if (!url.ok) return problemResponse(c, { problem: url.error })
      c.header('Set-Cookie', setCookie(LOGIN_COOKIE, btoa(JSON.stringify(memory)), LOGIN_S))
      return c.redirect(url.value, 302)
    },
  )

  app.openapi(
    route({
      method: 'get',
      path: '/v1/login/callback',
      access: { to: 'anyone' },
      tags: ['identity'],
      summary: 'Where the identity provider sends the browser back to',
      request: {
        query: z.object({
          code: z.string().max(MAX_PARAMETER_CHARS).optional(),
          state: z.string().max(MAX_PARAMETER_CHARS).optional(),
        }),
      },
      responses: {
        ...responses({ status: 200, description: 'never', schema: z.object({}) }, [
          'login-not-configured',
          'no-access',
        ]),
        302: { description: 'to the page the login began for, with a session' },
      },
    }),
    async (c) => {
      const limited = await limitAttempts(c)
      if (limited) return problemResponse(c, limited)
      const { code, state } = c.req.valid('query')
      const memory = readMemory(readCookie(c.req.raw, LOGIN_COOKIE))
      // Not the answer to a question this browser asked: somebody else's login must not become its own.
      if (!memory || code === undefined || state !== memory.state) return problemResponse(c, refusal('unauthorized'))
      const session = await sessionFor(c, code, memory)
      if (!session.ok) return problemResponse(c, session.error)
      c.header('Set-Cookie', setCookie(SESSION_COOKIE, session.value.token, SESSION_MS / 1000))
      c.header('Set-Cookie', setCookie(LOGIN_COOKIE, '', 0), { append: true })
      return c.redirect(memory.to, 302)
    },
  )
}

async function sessionFor(c: Context<ApiEnv>, code: string, memory: Memory): Promise<Result<OpenedSession, Refusal>> {
  const client = clientOf(c)
  if (!client) return err(refusal('login-not-configured'))
  const idToken = await redeem(client, code, memory, fetcher)
  if (!idToken.ok) return err({ problem: idToken.error })
  const person = await personByIdToken(idToken.value, c.env, c.var.keys, c.var.now)
  if (!person.ok) return err({ problem: person.error })
  if (person.value.nonce !== memory.nonce) return err({ problem: problem('id-token-malformed', { claim: 'nonce' }) })
  return await openSession(c, person.value)
}

function clientOf(c: Context<ApiEnv>): Client | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId } = c.env
  return issuer && clientId
    ? { issuer, clientId, redirectUri: `${new URL(c.req.url).origin}/v1/login/callback` }
    : undefined
}

function readMemory(text: string | undefined): Memory | undefined {
  try {
    return Memory.safeParse(JSON.parse(atob(text ?? ''))).data
  } catch {
    return undefined
  }
}
