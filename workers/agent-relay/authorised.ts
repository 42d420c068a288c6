import { problem } from '#core/model/problem.ts'
import { findAgent } from '#db/agents.ts'
import { openDb } from '#db/open.ts'
import type { DoorPass } from '#durable-objects/door-pass.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { verifyDoorToken } from './door-token.ts'

/** A door token is about 400 characters. */
const MAX_TOKEN_CHARS = 2_048

/** Who asks, by the door token in the request's header; verified against D1 and nothing else. */
export async function passOf(request: Request, env: RelayEnv, nowMs: number): Promise<Result<DoorPass, Problem>> {
  const token = /^Bearer ([\w.-]+)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? ''
  if (token.length > MAX_TOKEN_CHARS) return { ok: false, error: problem('agent-unknown') }
  const audience = env.RELAY_ORIGIN ?? new URL(request.url).origin
  return await verifyDoorToken(token, { audience, nowMs }, (agentId) => findAgent(openDb(env.DB), agentId))
}

/** A refusal at the door; a holder of the key whose clock is off is told the time. */
export function refusal(found: Problem, nowMs: number): Response {
  const response = problemResponse(found, found.code === 'clock-skewed' ? { serverTimeMs: nowMs } : {})
  response.headers.set('www-authenticate', 'Bearer')
  return response
}
