import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import type { z } from 'zod'
import { KINDS, MAX_REQUEST_BYTES } from '#core/model/document.ts'
import { mintUid } from '#core/model/ids.ts'
import { openDb } from '#db/open.ts'
import { authorise } from './auth.ts'
import { asStatus } from './direct/as-status.ts'
import { bodyErrors, partErrors } from './check/issues.ts'
import type { ApiEnv } from './env.ts'
import { problemResponse, refusal } from './http.ts'
import { checkHeaders, limitAddress } from './limits.ts'
import { logFault } from './log.ts'
import { KeyCache } from './login/key-cache.ts'
import { registerAbout } from './routes/about.ts'
import { registerAgents } from './routes/agents.ts'
import { registerApply } from './routes/apply.ts'
import { registerAudit } from './routes/audit.ts'
import { registerBootstrap } from './routes/bootstrap.ts'
import { registerBrowserLogin } from './routes/browser-login.ts'
import { registerCapacity } from './routes/capacity.ts'
import { registerDirect } from './direct/register.ts'
import { registerDocuments } from './routes/documents.ts'
import { registerEvents } from './routes/events.ts'
import { registerForget } from './routes/forget.ts'
import { registerLaneTickets } from './routes/lane-tickets.ts'
import { registerJoinTokens } from './routes/join-tokens.ts'
import { registerRecovery } from './routes/recovery.ts'
import { registerOperations } from './routes/operations.ts'
import { registerPolicy } from './routes/policy.ts'
import { registerServiceAccounts } from './routes/service-accounts.ts'
import { registerSessions } from './routes/sessions.ts'
import { registerTokens } from './routes/tokens.ts'
import { registerUsers } from './routes/users.ts'
import { registerWhoami } from './routes/whoami.ts'
import { countRequest } from './usage.ts'

/**
 * The people's door. It is stateless: it checks, writes down what its caller wants, and wakes whoever acts on it. Nothing
 * is answered without a good credential but how to get one, and every answer carries the id of its request.
 */
export function createApp(): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
  const keys = new KeyCache((url, init) => fetch(url, init))

  app.use(async (c, next) => {
    const now = Date.now()
    c.set('now', now)
    c.set('requestId', mintUid(now, crypto.getRandomValues(new Uint8Array(RANDOM_ID_BYTES))))
    await next()
    countRequest(`${c.req.method} ${routePath(c, -1)}`)
    // The answer to a WebSocket upgrade belongs to the object that gave it.
    if (c.res.status === 101) return
    c.res = new Response(c.res.body, c.res)
    c.res.headers.set('X-Request-Id', c.var.requestId)
    for (const [name, value] of Object.entries(EVERY_ANSWER)) c.res.headers.set(name, value)
  })
  app.use('/k8s/*', asStatus)
  app.use(async (c, next) => {
    const refused = checkHeaders(c.req.raw) ?? (await limitAddress(c))
    if (refused) return problemResponse(c, refused)
    c.set('db', openDb(c.env.DB))
    c.set('keys', keys)
    await next()
    return undefined
  })
  app.use(authorise)
  registerDirect(app)
  app.use(bodyLimit({ maxSize: MAX_REQUEST_BYTES, onError: (c) => problemResponse(c, refusal('body-too-large')) }))

  for (const kind of KINDS) registerDocuments(app, kind)
  registerApply(app)
  registerForget(app)
  registerOperations(app)
  registerEvents(app)
  registerAgents(app)
  registerLaneTickets(app)
  registerJoinTokens(app)
  registerRecovery(app)
  registerCapacity(app)
  registerAudit(app)
  registerSessions(app)
  registerBrowserLogin(app)
  registerBootstrap(app)
  registerWhoami(app)
  registerTokens(app)
  registerServiceAccounts(app)
  registerUsers(app)
  registerPolicy(app)
  registerAbout(app)

  app.notFound((c) => {
    const methods = methodsOf(app, c.req.path)
    if (methods.length === 0) return problemResponse(c, refusal('not-found', { path: c.req.path }))
    const response = problemResponse(c, refusal('method-not-allowed', { allowed: methods }))
    response.headers.set('Allow', methods.join(', '))
    return response
  })
  app.onError((fault, c) => {
    if (fault instanceof HTTPException && fault.status < 500) {
      const said =
        fault.status === UNSUPPORTED_MEDIA_TYPE ? 'send the body as Content-Type: application/json' : fault.message
      return problemResponse(c, refusal('invalid-request', { reason: said || 'unreadable' }))
    }
    logFault({ requestId: c.var.requestId, method: c.req.method, path: c.req.path }, fault)
    return problemResponse(c, refusal(isElsewhere(fault) ? 'unavailable' : 'internal'))
  })
  return app
}

const RANDOM_ID_BYTES = 11
const UNSUPPORTED_MEDIA_TYPE = 415

const EVERY_ANSWER: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // The docs page has styles of its own and nothing else; no answer loads or runs anything.
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}

function refuseInvalid(
  result: { readonly target: string } & (
    | { readonly success: true }
    | { readonly success: false; readonly error: z.ZodError }
  ),
  c: Context<ApiEnv>,
): Response | undefined {
  if (result.success) return undefined
  if (result.target !== 'json') {
    const given = { param: c.req.param(), query: c.req.query(), header: c.req.header() }
    const part = Object.entries(given).find(([name]) => name === result.target)?.[1]
    const errors = partErrors(result.error.issues, part).map((error) => ({
      ...error,
      code: 'invalid-request' as const,
    }))
    return problemResponse(c, { ...refusal('invalid-request', { part: result.target }), errors })
  }
  const body: unknown = Reflect.get(result, 'data')
  return problemResponse(c, { ...refusal('invalid-document'), errors: bodyErrors(result.error, body) })
}

/** The runtime marks faults of an object that could not be reached, is overloaded, or failed itself. */
const isElsewhere = (fault: Error): boolean =>
  ['remote', 'retryable', 'overloaded'].some((mark) => Reflect.get(fault, mark) === true)

/** Methods that a path knows, for the one that it does not. */
function methodsOf(app: OpenAPIHono<ApiEnv>, path: string): readonly string[] {
  const known = app.routes.filter(({ method, path: pattern }) => method !== 'ALL' && matches(pattern, path))
  return [...new Set(known.map(({ method }) => method))].sort()
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]))
  )
}
