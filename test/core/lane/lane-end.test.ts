import { describe, expect, test } from 'vitest'
import { STREAM_WINDOW_START } from '#core/lane/limits.ts'
import { creditFrame, encodeFrame } from '#core/protocol/frame.ts'
import { openFrame } from '#core/protocol/frame-payloads.ts'
import { seeds } from '#test/support/random.ts'
import { aLane, KUBE, recorded } from './a-lane.ts'

describe('a stream through a lane', () => {
  test('carries bytes both ways, half-closes one way, and is over when both have ended', () => {
    const lane = aLane()
    const { client, agent } = lane.stream()
    client.stream.write(bytes('question'))
    client.stream.end()
    lane.flush()
    expect(agent.heard()).toEqual(['data question', 'end'])
    agent.stream.write(bytes('answer'))
    agent.stream.end()
    lane.flush()
    expect(client.heard()).toEqual(['opened', 'data answer', 'end'])
    expect([client.stream.over, agent.stream.over]).toEqual([true, true])
    expect([lane.clients[0]!.streamCount, lane.agent.streamCount]).toEqual([0, 0])
  })

  test('[L3] sends no more than was granted, and goes on when it is', () => {
    const lane = aLane()
    const { client, agent } = lane.stream({ drain: false })
    expect(client.stream.write(new Uint8Array(3 * STREAM_WINDOW_START))).toBe(false)
    lane.flush()
    expect(agent.byteCount()).toBe(STREAM_WINDOW_START)
    agent.stream.consumed(STREAM_WINDOW_START)
    lane.flush()
    expect(agent.byteCount()).toBe(3 * STREAM_WINDOW_START)
    expect(client.heard()).toContain('writable')
  })

  test('[L3] who sends more than was granted loses that stream, and no other', () => {
    const lane = aLane()
    const other = lane.stream()
    const { client, agent } = lane.stream({ drain: false })
    // The client believes in a credit that nobody gave.
    lane.clients[0]!.frame(creditFrame(0, client.stream.id, 100_000))
    client.stream.write(new Uint8Array(STREAM_WINDOW_START + 1))
    lane.flush()
    expect(agent.heard().at(-1)).toBe('gone flow-violated')
    expect(client.heard().at(-1)).toBe('gone flow-violated')
    other.client.stream.write(bytes('x'))
    lane.flush()
    expect(other.agent.heard()).toEqual(['data x'])
  })

  test.each([
    ['credit beyond any window', (channel: number, id: number) => creditFrame(channel, id, 0xffff_ffff)],
    ['a second end', (channel: number, id: number) => encodeFrame('end', channel, id)],
  ])('[L3] %s ends the stream', (_, frame) => {
    const lane = aLane()
    const { client, agent } = lane.stream()
    client.stream.end()
    lane.flush()
    lane.agent.frame(frame(lane.channelOf(0), client.stream.id))
    expect(agent.heard().at(-1)).toBe('gone flow-violated')
  })

  test('[L1] a stream that was opened before cannot be opened again, and the first one goes on', () => {
    const lane = aLane()
    const { client, agent } = lane.stream()
    lane.agent.frame(openFrame(lane.channelOf(0), client.stream.id, KUBE))
    expect(lane.accepted).toBe(1)
    expect(agent.heard()).toEqual([])
  })

  test('[L4] a stalled stream delays no other of its channel', () => {
    const lane = aLane()
    const stalled = lane.stream({ drain: false })
    const healthy = lane.stream()
    stalled.agent.stream.write(new Uint8Array(8_000_000))
    lane.flush()
    for (let i = 0; i < 100; i++) {
      healthy.agent.stream.write(new Uint8Array(100_000))
      lane.flush()
    }
    expect(healthy.client.byteCount()).toBe(10_000_000)
    expect(stalled.client.byteCount()).toBe(STREAM_WINDOW_START)
  })

  test('[L4] a client that takes nothing off its socket delays no other client', () => {
    const lane = aLane(2)
    const stopped = lane.stream({ client: 0 })
    const healthy = lane.stream({ client: 1 })
    lane.hold(0)
    stopped.agent.stream.write(new Uint8Array(50_000_000))
    healthy.agent.stream.write(new Uint8Array(10_000_000))
    lane.flush()
    expect(healthy.client.byteCount()).toBe(10_000_000)
    expect(lane.heldBytes(0)).toBeLessThan(9 * 1024 * 1024)
    expect(lane.agent.unconfirmed()).toEqual([])
  })

  test('[L6] when the socket goes, every stream is told once, and nothing is left', () => {
    const lane = aLane()
    const { client } = lane.stream()
    lane.clients[0]!.closed({ code: 'lane-cut', text: '' })
    expect(client.heard()).toEqual(['opened', 'gone lane-cut'])
    client.stream.write(bytes('late'))
    client.stream.reset({ code: 'cancelled', text: '' })
    expect(client.heard()).toEqual(['opened', 'gone lane-cut'])
    expect(lane.clients[0]!.open(KUBE)).toBeUndefined()
  })

  test('ten thousand streams that are opened and cut leave nothing behind', () => {
    const lane = aLane()
    for (let i = 0; i < 10_000; i++) {
      const { client, agent } = lane.stream()
      if (i % 3 === 0) client.stream.reset({ code: 'cancelled', text: '' })
      else if (i % 3 === 1) agent.stream.reset({ code: 'unreachable', text: '' })
      else {
        client.stream.end()
        agent.stream.end()
      }
      lane.flush()
    }
    expect([lane.clients[0]!.streamCount, lane.agent.streamCount]).toEqual([0, 0])
  })
})

test.each(seeds(30))('[L3][L4] every byte arrives once and in order, whatever stalls and whenever, seed %i', (seed) => {
  const { sent, received } = recorded(seed)
  expect(received).toEqual(sent)
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
