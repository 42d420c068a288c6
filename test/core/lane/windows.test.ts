import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChannelShare } from '#core/lane/channel-share.ts'
import { CHANNEL_RESERVE, CHANNEL_WINDOW_DOWN, LANE_POOL, MAX_CHANNELS } from '#core/lane/limits.ts'
import { ReceiveWindow, SendWindow } from '#core/lane/windows.ts'

describe('windows of a stream', () => {
  test('[L3] what was granted is exactly what may still come, however it is drained', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 200 }), (pieces) => {
        const [send, receive] = [new SendWindow(16_000), new ReceiveWindow(16_000)]
        for (const piece of pieces) {
          const sent = Math.min(piece, send.available)
          send.spend(sent)
          expect(receive.take(sent)).toBe(true)
          const grant = receive.drain(sent)
          expect(grant === 0 || send.grant(grant)).toBe(true)
          // Drained and never stuck: at most a quarter of the window waits to be granted.
          expect(send.available).toBeGreaterThan(16_000 * 0.75 - 1)
        }
        expect(receive.take(send.available + 1)).toBe(false)
      }),
    )
  })

  test('[L3] a credit of nothing, or beyond any window, is a fault', () => {
    expect(new SendWindow(0).grant(0)).toBe(false)
    expect(new SendWindow(0).grant(0xffff_ffff)).toBe(false)
  })

  test('a window grows only with a grant', () => {
    const receive = new ReceiveWindow(1_000)
    receive.take(1_000)
    expect(receive.drain(100, 1_000)).toBe(0)
    expect(receive.size).toBe(1_000)
    expect(receive.drain(400, 1_000)).toBe(1_500)
    expect(receive.size).toBe(2_000)
  })
})

describe('the share of a channel', () => {
  test('[L4] however many stall, the next one still has its reserve, and all together stay within the bound', () => {
    const share = new ChannelShare()
    for (let channel = 1; channel <= MAX_CHANNELS; channel++) {
      expect(share.room(channel)).toBeGreaterThanOrEqual(CHANNEL_RESERVE)
      expect(share.room(channel)).toBeLessThanOrEqual(CHANNEL_WINDOW_DOWN)
      while (share.room(channel) > 0) share.spend(channel, Math.min(65_536, share.room(channel)))
    }
    expect(share.total()).toBeLessThanOrEqual(MAX_CHANNELS * CHANNEL_RESERVE + LANE_POOL)
    expect(share.total()).toBeLessThan(64 * 1024 * 1024)
  })

  test('[L4] spending and confirming in any order keeps the bound, and forgetting gives everything back', () => {
    const move = fc.record({
      channel: fc.integer({ min: 1, max: 20 }),
      bytes: fc.integer({ min: 1, max: 4_000_000 }),
      spend: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 300 }), (moves) => {
        const share = new ChannelShare()
        for (const { channel, bytes, spend } of moves)
          if (spend) share.spend(channel, Math.min(bytes, share.room(channel)))
          else share.confirm(channel, bytes)
        expect(share.total()).toBeLessThanOrEqual(20 * CHANNEL_RESERVE + LANE_POOL)
        for (let channel = 1; channel <= 20; channel++) share.forget(channel)
        expect(share.total()).toBe(0)
        expect(share.room(1)).toBe(CHANNEL_WINDOW_DOWN)
      }),
    )
  })

  test('[L3] nobody confirms more than was sent', () => {
    const share = new ChannelShare()
    share.spend(1, 10)
    expect(share.confirm(1, 11)).toBe(false)
    expect(share.confirm(1, 10)).toBe(true)
  })
})
