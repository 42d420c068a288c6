import { LANE_SUBPROTOCOL } from '#core/protocol/lane.ts'
import { logError } from '../log.ts'

/** By its tag a client is found without looking at the others. */
export const tagOf = (channel: number): string => `c:${channel}`

/** Random, so that a number is not soon another's. */
export function newChannel(taken: ReadonlySet<number | undefined>): number {
  for (;;) {
    const [channel = 0] = crypto.getRandomValues(new Uint32Array(1))
    if (channel !== 0 && !taken.has(channel)) return channel
  }
}

export const upgraded = (webSocket: WebSocket): Response =>
  new Response(null, { status: 101, webSocket, headers: { 'Sec-WebSocket-Protocol': LANE_SUBPROTOCOL } })

/** False when the socket is gone; its close event follows. */
export function sendBytes(socket: WebSocket, bytes: Uint8Array): boolean {
  try {
    socket.send(bytes)
    return true
  } catch (error) {
    logError('lane.send-failed', {}, error)
    return false
  }
}
