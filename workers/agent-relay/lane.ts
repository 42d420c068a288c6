import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { problem } from '#core/model/problem.ts'
import { LANE_NONCE_HEADER, LANE_PATH, LANE_SESSION_MS, LANE_SUBPROTOCOL, LaneTicket } from '#core/protocol/lane.ts'
import { findAgent } from '#db/agents.ts'
import { takeLaneTicket } from '#db/lane-tickets.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { lanePassHeader, type LanePass } from '#core/lane/lane-pass.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import { verifyDoorToken } from './door-token.ts'

/**
 * The upgrades of data lanes. Both ends are verified here, against D1, before the Lane object hears anything (R1): a
 * client by a ticket that works once, the agent by its door token and the number it was asked with.
 */
const MAX_TOKEN_CHARS = 2_048
const MAX_NONCE_CHARS = 64
const MAX_SOURCE_CHARS = 64

export async function laneOfClient(request: Request, env: RelayEnv): Promise<Response> {
  if (!isLaneUpgrade(request)) return notAnUpgrade()
  const ticket = LaneTicket.safeParse(bearerOf(request))
  const now = Date.now()
  const row = ticket.success
    ? await takeLaneTicket(openDb(env.DB), bytesToHex(sha256(utf8ToBytes(ticket.data))), now)
    : undefined
  if (!row) return problemResponse(problem('lane-ticket-invalid'))
  const source = (request.headers.get('CF-Connecting-IP') ?? '').slice(0, MAX_SOURCE_CHARS)
  const { siteUid, clusterUid, subject, role: rights } = row
  const expiresAt = now + LANE_SESSION_MS
  return await hand(request, env, {
    role: 'client',
    siteUid,
    subject,
    rights,
    clusters: [clusterUid],
    source,
    expiresAt,
  })
}

export async function laneOfAgent(request: Request, env: RelayEnv): Promise<Response> {
  if (!isLaneUpgrade(request)) return notAnUpgrade()
  const token = bearerOf(request)
  const nonce = request.headers.get(LANE_NONCE_HEADER) ?? ''
  if (token.length > MAX_TOKEN_CHARS || nonce === '' || nonce.length > MAX_NONCE_CHARS)
    return problemResponse(problem('agent-unknown'))
  const nowMs = Date.now()
  const audience = env.RELAY_ORIGIN ?? new URL(request.url).origin
  const pass = await verifyDoorToken(token, { audience, nowMs }, (agentId) => findAgent(openDb(env.DB), agentId))
  if (!pass.ok) return problemResponse(pass.error, pass.error.code === 'clock-skewed' ? { serverTimeMs: nowMs } : {})
  const { siteUid, agentId } = pass.value
  return await hand(request, env, { role: 'agent', siteUid, agentId, nonce })
}

/** In a request made anew: nothing the caller wrote reaches the object. */
async function hand(request: Request, env: RelayEnv, pass: LanePass): Promise<Response> {
  const lane = env.LANE.get(env.LANE.idFromName(pass.siteUid))
  return await lane.fetch(`${new URL(request.url).origin}${LANE_PATH}`, {
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': LANE_SUBPROTOCOL, ...lanePassHeader(pass) },
  })
}

const bearerOf = (request: Request): string =>
  /^Bearer ([\w.-]+)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? ''

const isLaneUpgrade = ({ headers }: Request): boolean =>
  headers.get('Upgrade')?.toLowerCase() === 'websocket' &&
  (headers.get('Sec-WebSocket-Protocol') ?? '').split(',').some((name) => name.trim() === LANE_SUBPROTOCOL)

const notAnUpgrade = (): Response =>
  problemResponse(problem('invalid-request', { expects: `a WebSocket upgrade with ${LANE_SUBPROTOCOL}` }))
