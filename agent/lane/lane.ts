import type { WebSocket } from 'ws'
import { LaneEnd } from '#core/lane/lane-end.ts'
import type { LaneStream } from '#core/lane/lane-stream.ts'
import type { ChannelPass } from '#core/protocol/frame-payloads.ts'
import { DEAD_AFTER_MS, PING, PING_EVERY_MS } from '#core/protocol/version.ts'
import type { Logger } from '../log.ts'
import type { DialLane } from './dial-lane.ts'

/**
 * The agent's end of its site's data lane: dialled when someone waits there, closed when nobody has for a while. One
 * socket at a time; a newer one is dialled when the cloud asks again, because it then knows of none.
 */
export interface Lane {
  /** The cloud asks for the lane. */
  open(nonce: string): void
  counts(): { readonly channels: number; readonly streams: number }
  stop(): void
}

export interface LaneDeps {
  readonly dial: DialLane
  readonly serve: (stream: LaneStream, pass: ChannelPass) => void
  readonly log: Logger
}

/** A command is often followed by another; an idle socket costs nothing but its pings. */
const IDLE_MS = 60_000
/** A client that confirms nothing for so long has lost its network or is stopped; what was sent to it is given up. */
const STALLED_MS = 60_000

export function createLane(deps: LaneDeps): Lane {
  const { log } = deps
  let current: { readonly socket: WebSocket; readonly end: LaneEnd } | undefined
  let dialling = false
  let stopped = false

  async function dial(nonce: string): Promise<void> {
    dialling = true
    try {
      const socket = await deps.dial(nonce)
      socket.once('unexpected-response', (_request, response) => {
        dialling = false
        log.warn({ event: 'lane.refused', status: response.statusCode })
        socket.terminate()
      })
      socket.on('error', (error) => log.debug({ event: 'lane.failed', text: error.message }))
      socket.once('open', () => {
        dialling = false
        if (stopped) return socket.terminate()
        current?.socket.terminate()
        current = { socket, end: run(socket) }
      })
      socket.once('close', () => (dialling = false))
    } catch (thrown) {
      dialling = false
      log.error({ event: 'lane.threw', err: thrown })
    }
  }

  function run(socket: WebSocket): LaneEnd {
    let lastHeardAt = Date.now()
    let lastUsedAt = Date.now()
    const stalledSince = new Map<number, number>()
    const end = new LaneEnd({
      side: 'agent',
      send: (frame) => socket.send(frame, { binary: true }, () => end.drained()),
      queuedBytes: () => socket.bufferedAmount,
      accept: deps.serve,
      channelClosed: (channel) => stalledSince.delete(channel),
    })
    const looking = setInterval(() => {
      const now = Date.now()
      if (now - lastHeardAt >= DEAD_AFTER_MS) return socket.terminate()
      if (end.channelCount > 0) lastUsedAt = now
      else if (now - lastUsedAt >= IDLE_MS) return socket.close(1000, 'idle')
      socket.send(PING)
      const stalled = end.unconfirmed()
      for (const channel of stalledSince.keys()) if (!stalled.includes(channel)) stalledSince.delete(channel)
      for (const channel of stalled) {
        const since = stalledSince.get(channel) ?? now
        stalledSince.set(channel, since)
        if (now - since >= STALLED_MS) end.closeChannel(channel, { code: 'timed-out', text: 'nothing was confirmed' })
      }
    }, PING_EVERY_MS)
    socket.on('message', (data, isBinary) => {
      lastHeardAt = Date.now()
      if (!isBinary || !Buffer.isBuffer(data)) return
      const fault = end.frame(data)
      if (fault === undefined) return
      log.warn({ event: 'lane.unreadable', fault })
      socket.close(1002, fault)
    })
    socket.once('close', (code) => {
      clearInterval(looking)
      log.info({ event: 'lane.closed', code, channels: end.channelCount, streams: end.streamCount })
      end.closed({ code: 'lane-cut', text: `the lane closed with ${code}` })
      if (current?.socket === socket) current = undefined
    })
    log.info({ event: 'lane.opened' })
    return end
  }

  return {
    open(nonce) {
      if (!dialling && !stopped) void dial(nonce)
    },
    counts: () => ({ channels: current?.end.channelCount ?? 0, streams: current?.end.streamCount ?? 0 }),
    stop() {
      stopped = true
      current?.socket.close(1001, 'the agent is stopping')
    },
  }
}
