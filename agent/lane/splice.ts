import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Joins a socket and a stream of the lane until both directions have ended; each direction may end alone. Whatever goes
 * wrong on one side ends the other at once, so that nothing stays open for nobody. Resolves when both are closed.
 */
export function splice(
  socket: Socket,
  lane: Duplex,
  limits: { readonly idleMs: number; readonly halfClosedMs: number; readonly totalMs: number },
): Promise<void> {
  socket.allowHalfOpen = true
  socket.setNoDelay(true)
  let open = 2
  let ended = 0
  return new Promise((resolve) => {
    const destroy = (): void => {
      socket.destroy()
      lane.destroy()
    }
    const total = setTimeout(destroy, limits.totalMs)
    const closed = (): void => {
      open -= 1
      if (open > 0) return
      clearTimeout(total)
      resolve()
    }
    // One direction is over: the other may go on, but not for ever.
    const halfClosed = (): void => {
      ended += 1
      if (ended === 1) socket.setTimeout(limits.halfClosedMs, destroy)
    }
    socket.setTimeout(limits.idleMs, destroy)
    socket.once('end', halfClosed)
    lane.once('end', halfClosed)
    socket.on('error', () => lane.destroy())
    lane.on('error', () => socket.destroy())
    socket.once('close', () => {
      // What it sent before it went is still on its way through the lane.
      if (!socket.readableEnded) lane.destroy()
      closed()
    })
    lane.once('close', () => {
      if (!lane.readableEnded) socket.destroy()
      closed()
    })
    socket.pipe(lane)
    lane.pipe(socket)
  })
}
