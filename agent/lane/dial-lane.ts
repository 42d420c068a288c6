import { WebSocket } from 'ws'
import { MAX_FRAME_BYTES } from '#core/protocol/frame.ts'
import { LANE_AGENT_PATH, LANE_NONCE_HEADER, LANE_SUBPROTOCOL } from '#core/protocol/lane.ts'
import { signDoorToken } from '../identity/door-token.ts'
import type { Enrolment } from '../identity/enrolment.ts'
import type { Identity } from '../identity/identity.ts'

/** An upgrade through the edge takes well under a second. */
const HANDSHAKE_TIMEOUT_MS = 15_000

/** The socket of a lane, not yet open. */
export type DialLane = (nonce: string) => Promise<WebSocket>

export function dialLane(enrolment: Enrolment, identity: Identity, now: () => number): DialLane {
  const url = new URL(LANE_AGENT_PATH, enrolment.relayOrigin)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return async (nonce) => {
    const token = await signDoorToken(enrolment, identity, now())
    return new WebSocket(url, LANE_SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      followRedirects: false,
      headers: { authorization: `Bearer ${token}`, [LANE_NONCE_HEADER]: nonce },
    })
  }
}
