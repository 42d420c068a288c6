import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeMessage, MessageReader, OPCODE, type WireMessage } from '#agent/access/websocket-frames.ts'

/** A server's frame: not masked. */
function served(opcode: number, payload: Uint8Array, last = true): Buffer {
  const masked = encodeMessage(opcode, payload)
  const at = masked.length - payload.byteLength - 4
  const header = Buffer.from(masked.subarray(0, at))
  header[0] = (last ? 0x80 : 0) | opcode
  header[1] = header[1]! & 0x7f
  return Buffer.concat([header, payload])
}

describe('WebSocket frames', () => {
  test('are put together however they are cut, also in parts with a ping between them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), fc.integer({ min: 1, max: 9_000 }), (payload, step) => {
        const half = Math.floor(payload.length / 2)
        const wire = Buffer.concat([
          served(OPCODE.binary, payload.subarray(0, half), false),
          served(OPCODE.ping, new Uint8Array([1])),
          served(OPCODE.continuation, payload.subarray(half)),
          served(OPCODE.close, new Uint8Array(0)),
        ])
        const reader = new MessageReader()
        const read: WireMessage[] = []
        for (let at = 0; at < wire.length; at += step) {
          reader.push(wire.subarray(at, at + step))
          for (let next = reader.next(); next !== undefined && next !== 'broken'; next = reader.next()) read.push(next)
        }
        expect(read.map(({ opcode }) => opcode)).toEqual([OPCODE.ping, OPCODE.binary, OPCODE.close])
        expect(Buffer.compare(read[1]!.payload, payload)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('of a client are masked, and unmask to what was said', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (payload) => {
        const wire = encodeMessage(OPCODE.text, payload)
        expect(wire[1]! & 0x80).toBe(0x80)
        const mask = wire.subarray(wire.length - payload.length - 4, wire.length - payload.length)
        const body = wire.subarray(wire.length - payload.length).map((byte, index) => byte ^ mask[index & 3]!)
        expect(Buffer.compare(body, payload)).toBe(0)
      }),
    )
  })

  test.each([
    ['masked', Buffer.from([0x82, 0x80, 0, 0, 0, 0])],
    ['with a reserved bit', Buffer.from([0xc2, 0])],
    ['longer than anything Kubernetes sends', Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0])],
  ])('from a server %s are broken', (_, wire) => {
    const reader = new MessageReader()
    reader.push(wire)
    expect(reader.next()).toBe('broken')
  })

  test('nothing of noise throws, and nothing is read for ever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const reader = new MessageReader()
        reader.push(Buffer.from(noise))
        let readCount = 0
        for (let next = reader.next(); next !== undefined && next !== 'broken'; next = reader.next()) readCount++
        expect(readCount).toBeLessThanOrEqual(100)
      }),
    )
  })
})
