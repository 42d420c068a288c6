import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  creditFrame,
  decodeFrame,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FRAME_TYPES,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  readCredit,
  stampChannel,
  type FrameType,
} from '#core/protocol/frame.ts'
import {
  openFrame,
  readOpen,
  readReset,
  readTarget,
  resetFrame,
  RESET_CODES,
  sayTarget,
} from '#core/protocol/frame-payloads.ts'

const UID = '1m7zr1wjcpem70tyt21a'
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

describe('a frame', () => {
  test('is read back as it was written, whatever it carries', () => {
    fc.assert(
      fc.property(
        u32,
        u32.filter((id) => id > 0),
        fc.uint8Array({ maxLength: 3_000 }),
        (channel, stream, payload) => {
          const read = decodeFrame(encodeFrame('data', channel, stream, payload))
          expect(read).toEqual({ ok: true, value: { type: 'data', channel, stream, payload } })
        },
      ),
    )
  })

  test('that is malformed has one fault and never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = decodeFrame(bytes)
        expect(read.ok ? bytes.byteLength >= FRAME_HEADER_BYTES : typeof read.error === 'string').toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['shorter than its header', encodeFrame('end', 1, 1).subarray(0, 11), 'too-short'],
    ['longer than 64 KiB', new Uint8Array(MAX_FRAME_BYTES + 1), 'too-long'],
    ['of type 0', new Uint8Array(FRAME_HEADER_BYTES), 'unknown-type'],
    ['with a flag', changed(1, 1), 'unknown-flags'],
    ['of another version', changed(3, 2), 'unknown-version'],
    ['that ends a stream and says something', encodeFrame('end', 1, 1, new Uint8Array(1)), 'bad-payload'],
    ['with half a credit', encodeFrame('credit', 1, 1, new Uint8Array(2)), 'bad-payload'],
    ['with data of no stream', encodeFrame('data', 1, 0, new Uint8Array(1)), 'bad-payload'],
    ['that closes a channel and names a stream', encodeFrame('channel-closed', 1, 5, new Uint8Array(1)), 'bad-payload'],
  ])('%s is refused as %3$s', (_, bytes, fault) => {
    expect(decodeFrame(bytes)).toEqual({ ok: false, error: fault })
  })

  test('of the largest size passes', () => {
    expect(decodeFrame(encodeFrame('data', 1, 1, new Uint8Array(MAX_PAYLOAD_BYTES))).ok).toBe(true)
  })

  test('[L1] gets the channel that the lane writes, and nothing else of it changes', () => {
    fc.assert(
      fc.property(u32, u32, fc.uint8Array({ maxLength: 100 }), (claimed, true_, payload) => {
        const bytes = encodeFrame('data', claimed, 7, payload)
        stampChannel(bytes, true_)
        expect(bytes).toEqual(encodeFrame('data', true_, 7, payload))
      }),
    )
  })

  test('of every type has a number of its own', () => {
    expect(new Set(Object.values(FRAME_TYPES)).size).toBe(Object.keys(FRAME_TYPES).length)
    expect(new Set(Object.values(RESET_CODES)).size).toBe(Object.keys(RESET_CODES).length)
  })
})

describe('what frames carry', () => {
  test('[L5] a target is a cluster, a machine of one, or the desk, and never a host', () => {
    const targets = [`kube:${UID}`, `access:${UID}`, `talos:${UID}/cp-1`]
    expect(targets.map((text) => sayTarget(readTarget(text)!))).toEqual(targets)
    for (const foreign of [
      '192.168.1.1:8006',
      'kube:home',
      `kube:${UID}/x`,
      `talos:${UID}`,
      `talos:${UID}/192.168.1.51:22`,
      `talos:${UID}/../x`,
      `proxmox:${UID}`,
      `kube:${UID}\n`,
      '',
    ])
      expect(readTarget(foreign)).toBeUndefined()
  })

  test('an open without a readable target says so and never throws', () => {
    const frame = decodeFrame(openFrame(0, 1, { kind: 'kube', clusterUid: UID }))
    expect(frame.ok && readOpen(frame.value.payload)).toEqual({ ok: true, value: { kind: 'kube', clusterUid: UID } })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readOpen(bytes).ok).toBe(false)
      }),
    )
  })

  test('a reset is read back, also from bytes nobody wrote', () => {
    const reset = { code: 'unreachable', text: 'no answer from 192.168.1.50 — Grüße' } as const
    const frame = decodeFrame(resetFrame(3, 4, reset))
    expect(frame.ok && readReset(frame.value.payload)).toEqual(reset)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(Object.keys(RESET_CODES)).toContain(readReset(bytes).code)
      }),
    )
  })

  test('a credit keeps its number', () => {
    fc.assert(
      fc.property(u32, (n) => {
        const frame = decodeFrame(creditFrame(1, 0, n))
        expect(frame.ok && readCredit(frame.value.payload)).toBe(n)
      }),
    )
  })
})

function changed(at: number, value: number): Uint8Array {
  const bytes = encodeFrame('end' satisfies FrameType, 1, 1)
  bytes[at] = value
  return bytes
}
