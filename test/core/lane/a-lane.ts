import { LaneEnd } from '#core/lane/lane-end.ts'
import type { LaneStream } from '#core/lane/lane-stream.ts'
import { stampChannel } from '#core/protocol/frame.ts'
import { channelOpenedFrame, type LaneTarget } from '#core/protocol/frame-payloads.ts'
import { invariant } from '#core/base/invariant.ts'
import { seededRandom } from '#test/support/random.ts'

/** Two ends and the switch between them, flushed by hand: a socket can be held back, as a slow network does. */
const UID = '1m7zr1wjcpem70tyt21a'
export const KUBE: LaneTarget = { kind: 'kube', clusterUid: UID }

export interface Party {
  readonly stream: LaneStream
  heard(): readonly string[]
  byteCount(): number
  /** Depends on every byte and on their order. */
  sum(): number
}

export function aLane(clientCount = 1) {
  const upward: { channel: number; frame: Uint8Array }[] = []
  const downward: Uint8Array[][] = Array.from({ length: clientCount }, () => [])
  const held = new Set<number>()
  const accepted: LaneStream[] = []
  const channelOf = (client: number): number => 100 + client
  const agent = new LaneEnd({
    side: 'agent',
    send: (frame) => downward[new DataView(frame.buffer).getUint32(4) - 100]?.push(frame.slice()),
    queuedBytes: () => 0,
    accept: (stream) => accepted.push(stream),
  })
  const clients = downward.map((_, index) => {
    agent.frame(channelOpenedFrame(channelOf(index), { subject: 'ann', role: 'admin', clusters: [UID], source: '' }))
    return new LaneEnd({
      side: 'client',
      send: (frame) => upward.push({ channel: channelOf(index), frame: frame.slice() }),
      queuedBytes: () => 0,
    })
  })

  function flush(): void {
    for (let moved = true; moved;) {
      moved = false
      for (const { channel, frame } of upward.splice(0)) {
        stampChannel(frame, channel)
        agent.frame(frame)
        moved = true
      }
      for (const [index, frames] of downward.entries()) {
        if (held.has(index)) continue
        for (const frame of frames.splice(0)) {
          clients[index]!.frame(frame)
          moved = true
        }
      }
    }
  }

  function party(stream: LaneStream, drain: boolean): Party {
    const heard: string[] = []
    let byteCount = 0
    let sum = 0
    stream.listen({
      opened: () => heard.push('opened'),
      data: (bytes) => {
        heard.push(bytes.byteLength <= 16 ? `data ${new TextDecoder().decode(bytes)}` : 'data')
        byteCount += bytes.byteLength
        sum = mixed(sum, bytes)
        if (drain) stream.consumed(bytes.byteLength)
      },
      end: () => heard.push('end'),
      writable: () => heard.push('writable'),
      gone: ({ code }) => heard.push(`gone ${code}`),
    })
    return {
      stream,
      heard: () => heard,
      byteCount: () => byteCount,
      sum: () => sum,
    }
  }

  return {
    agent,
    clients,
    channelOf,
    flush,
    get accepted() {
      return accepted.length
    },
    hold: (client: number) => held.add(client),
    release: (client: number) => held.delete(client),
    heldBytes: (client: number) => downward[client]!.reduce((sum, frame) => sum + frame.byteLength, 0),
    stream({ client = 0, drain = true }: { client?: number; drain?: boolean } = {}) {
      const opened = clients[client]!.open(KUBE)
      invariant(opened !== undefined, 'the lane takes another stream')
      const own = party(opened, drain)
      flush()
      const other = accepted.at(-1)
      invariant(other?.id === opened.id, 'the agent was asked')
      const theirs = party(other, drain)
      other.confirm()
      flush()
      return { client: own, agent: theirs }
    },
  }
}

/** A story of writes, stalls and releases made from a seed: what each stream sent, and what came out at the other end. */
export function recorded(seed: number): { sent: readonly string[]; received: readonly string[] } {
  const random = seededRandom(seed)
  const lane = aLane(3)
  const streams = Array.from({ length: 8 }, (_, index) => lane.stream({ client: index % 3 }))
  const sums = streams.map(() => ({ up: 0, down: 0, upCount: 0, downCount: 0 }))
  for (let turn = 0; turn < 300; turn++) {
    const index = random.int(streams.length)
    const { client, agent } = streams[index]!
    const piece = new Uint8Array(random.int(60_000)).fill(random.int(256))
    if (random.chance(0.5)) {
      client.stream.write(piece)
      sums[index]!.up = mixed(sums[index]!.up, piece)
      sums[index]!.upCount += piece.byteLength
    } else {
      agent.stream.write(piece)
      sums[index]!.down = mixed(sums[index]!.down, piece)
      sums[index]!.downCount += piece.byteLength
    }
    if (random.chance(0.2)) lane.hold(random.int(3))
    if (random.chance(0.3)) lane.release(random.int(3))
    if (random.chance(0.4)) lane.flush()
  }
  for (const client of [0, 1, 2]) lane.release(client)
  lane.flush()
  return {
    sent: sums.map(({ up, down, upCount, downCount }) => `${up} ${upCount} ${down} ${downCount}`),
    received: streams.map(
      ({ client, agent }) => `${agent.sum()} ${agent.byteCount()} ${client.sum()} ${client.byteCount()}`,
    ),
  }
}

/** Depends on every byte and on their order. */
function mixed(start: number, bytes: Uint8Array): number {
  let hash = start
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte + 1) >>> 0
  return hash
}
