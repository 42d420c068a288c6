import { problem } from '#core/model/problem.ts'
import { PEERS_PATH, SEALED_COPIES_PATH } from '#core/protocol/admission.ts'
import { CONNECT_PATH, ENROLL_PATH } from '#core/protocol/enroll.ts'
import { LANE_AGENT_PATH, LANE_PATH } from '#core/protocol/lane.ts'
import { ROTATE_KEY_PATH } from '#core/protocol/rotate-key.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { logError } from '#durable-objects/log.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import { counted } from '#durable-objects/usage.ts'
import { peers, sealedCopies } from './admission.ts'
import { connect } from './connect.ts'
import { enroll } from './enroll.ts'
import { laneOfAgent, laneOfClient } from './lane.ts'
import { rotateKey } from './rotate-key.ts'

/** Everything an agent may ask over HTTP. Whoever is not verified here reaches no object and writes no row (R1). */
const ROUTES: Readonly<
  Record<string, { method: string; handle: (request: Request, env: RelayEnv) => Promise<Response> }>
> = {
  [ENROLL_PATH]: { method: 'POST', handle: enroll },
  [CONNECT_PATH]: { method: 'GET', handle: connect },
  [LANE_PATH]: { method: 'GET', handle: laneOfClient },
  [LANE_AGENT_PATH]: { method: 'GET', handle: laneOfAgent },
  [PEERS_PATH]: { method: 'GET', handle: peers },
  [SEALED_COPIES_PATH]: { method: 'POST', handle: sealedCopies },
  [ROTATE_KEY_PATH]: { method: 'POST', handle: rotateKey },
}

export async function relay(request: Request, env: RelayEnv): Promise<Response> {
  const { pathname } = new URL(request.url)
  const route = ROUTES[pathname]
  counted('request', route ? `relay ${pathname}` : 'relay unknown')
  if (!route) return problemResponse(problem('not-found'))
  if (route.method !== request.method)
    return withHeader(problemResponse(problem('method-not-allowed')), 'allow', route.method)
  try {
    return await route.handle(request, env)
  } catch (error) {
    logError('relay.request-failed', { path: pathname }, error)
    return problemResponse(problem('unavailable'))
  }
}

function withHeader(response: Response, name: string, value: string): Response {
  response.headers.set(name, value)
  return response
}
