import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { createLane } from '#agent/lane/lane.ts'
import { createLogger } from '#agent/log.ts'
import type { LaneStream } from '#core/lane/lane-stream.ts'
import { channelOpenedFrame, openFrame, type ChannelPass, type Reset } from '#core/protocol/frame-payloads.ts'
import { DEAD_AFTER_MS, PING, PING_EVERY_MS, PONG } from '#core/protocol/version.ts'

/** The agent's socket of a lane when the network lies: nothing here waits for real. */
class FarSocket extends EventEmitter {
  readonly sent: unknown[] = []
  readonly bufferedAmount = 0
  send(what: unknown): void {
    this.sent.push(what)
  }
  close(code = 1000): void {
    this.emit('close', code)
  }
  terminate(): void {
    this.emit('close', 1006)
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function laneWithStream() {
  const sockets: FarSocket[] = []
  const cuts: Reset[] = []
  const lane = createLane({
    dial: () => {
      const socket = new FarSocket()
      sockets.push(socket)
      return Promise.resolve(socket as unknown as WebSocket)
    },
    serve(stream: LaneStream) {
      const nothing = (): void => undefined
      stream.listen({ data: nothing, end: nothing, writable: nothing, gone: (reset) => cuts.push(reset) })
      stream.confirm()
    },
    log: createLogger('error', 'silent'),
  })
  lane.open('n')
  await vi.advanceTimersByTimeAsync(0)
  const socket = sockets[0]!
  socket.emit('open')
  const clusterUid = '00000000000000000abc'
  const pass: ChannelPass = { subject: 'alice', role: 'reader', clusters: [clusterUid], source: '' }
  socket.emit('message', Buffer.from(channelOpenedFrame(7, pass)), true)
  socket.emit('message', Buffer.from(openFrame(7, 1, { kind: 'kube', clusterUid })), true)
  return { lane, socket, sockets, cuts }
}

test('[L6] a half-open socket is given up when nothing is heard for too long, its streams with it, and the next is dialled', async () => {
  const { lane, socket, sockets, cuts } = await laneWithStream()
  expect(lane.counts()).toEqual({ channels: 1, streams: 1 })
  await vi.advanceTimersByTimeAsync(DEAD_AFTER_MS + PING_EVERY_MS)
  expect(socket.sent).toContain(PING)
  expect(cuts.map(({ code }) => code)).toEqual(['lane-cut'])
  expect(lane.counts()).toEqual({ channels: 0, streams: 0 })
  lane.open('next')
  await vi.advanceTimersByTimeAsync(0)
  expect(sockets).toHaveLength(2)
})

test('[L6] a socket that answers its pings stays, however long its streams say nothing', async () => {
  const { lane, socket, cuts } = await laneWithStream()
  for (let passed = 0; passed < 10 * DEAD_AFTER_MS; passed += PING_EVERY_MS) {
    await vi.advanceTimersByTimeAsync(PING_EVERY_MS)
    socket.emit('message', Buffer.from(PONG), false)
  }
  expect(cuts).toEqual([])
  expect(lane.counts()).toEqual({ channels: 1, streams: 1 })
  lane.stop()
})
