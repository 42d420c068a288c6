import { problem } from '#core/model/problem.ts'
import { CONNECT_PATH } from '#core/protocol/enroll.ts'
import { SUBPROTOCOL } from '#core/protocol/version.ts'
import { doorHeaders } from '#durable-objects/door-pass.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import { passOf, refusal } from './authorised.ts'

/**
 * The upgrade of an agent's control socket. The token is verified against D1 before the Site object hears anything; the
 * object then sees only the verified claims, in a request made anew.
 */
export async function connect(request: Request, env: RelayEnv): Promise<Response> {
  if (request.headers.get('Upgrade')?.toLowerCase() !== 'websocket' || !offersSubprotocol(request.headers))
    return problemResponse(problem('invalid-request', { expects: `a WebSocket upgrade with ${SUBPROTOCOL}` }))
  const url = new URL(request.url)
  const nowMs = Date.now()
  const pass = await passOf(request, env, nowMs)
  if (!pass.ok) return refusal(pass.error, nowMs)
  const site = env.SITE.get(env.SITE.idFromName(pass.value.siteUid))
  return site.fetch(`${url.origin}${CONNECT_PATH}`, {
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': SUBPROTOCOL, ...doorHeaders(pass.value) },
  })
}

const offersSubprotocol = (headers: Headers): boolean =>
  (headers.get('Sec-WebSocket-Protocol') ?? '').split(',').some((name) => name.trim() === SUBPROTOCOL)
