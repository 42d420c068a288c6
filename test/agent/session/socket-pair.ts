import { Down } from '#core/protocol/down.ts'
import { Up } from '#core/protocol/up.ts'
import type { ControlSocket } from '#agent/session/socket.ts'

/**
 * A socket whose two directions the test flushes by hand. What lies in a queue can be dropped, doubled or moved, as a
 * lost connection, a repeated frame or a slow network would.
 */
export interface SocketPair {
  readonly socket: ControlSocket
  /** What the agent said and nobody heard yet. Every frame is checked against the schema. */
  readonly up: Up[]
  readonly closedWith: () => { readonly code: number; readonly reason: string } | undefined
  setQueuedBytes(bytes: number): void
}

export function aSocketPair(): SocketPair {
  const up: Up[] = []
  let closed: { code: number; reason: string } | undefined
  let queued = 0
  return {
    up,
    closedWith: () => closed,
    setQueuedBytes: (bytes) => {
      queued = bytes
    },
    socket: {
      send(frame) {
        if (!closed && frame !== 'ping') up.push(Up.parse(JSON.parse(frame)))
      },
      close: (code, reason) => {
        closed ??= { code, reason }
      },
      terminate: () => {
        closed ??= { code: 1006, reason: '' }
      },
      queuedBytes: () => queued,
    },
  }
}

/** A frame as the cloud would send it; refuses what the cloud could not send. */
export const down = (message: Down): string => JSON.stringify(Down.parse(message))
