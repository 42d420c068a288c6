import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { inspect } from 'node:util'
import { canonicalJson, hashOf } from '#core/base/canonical-json.ts'
import { formatIpv4, parseIpv4, parseIpv4Cidr, parseIpv4Range } from '#core/base/ipv4.ts'
import { Secret } from '#core/base/secret.ts'
import { formatMiB, parseMiB } from '#core/base/units.ts'
import { MachineId, mintMachineId, mintMac, mintUid, Uid } from '#core/model/ids.ts'

describe('values', () => {
  test('a secret shows nothing, however it is turned into text', () => {
    const secret = new Secret('hunter2')
    expect(
      [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ a: [secret] })].join(),
    ).not.toContain('hunter2')
    expect(secret.reveal()).toBe('hunter2')
  })

  test('canonical JSON does not depend on the order of keys, and leaves undefined members out', () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: 'x' }], e: undefined })).toBe('{"a":[{"c":"x","d":null}],"b":1}')
    expect(hashOf({ a: 1, b: 2 })).toBe(hashOf({ b: 2, a: 1 }))
  })

  test('quantities survive reading and writing, and a number without a unit is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1024 * 1024 }), (mib) => {
        expect(parseMiB(formatMiB(mib))).toEqual({ ok: true, value: mib })
      }),
    )
    expect([parseMiB('8'), parseMiB('8G'), parseMiB('0Gi'), parseMiB('2048Ti')].every((read) => !read.ok)).toBe(true)
  })

  test('addresses survive reading and writing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        expect(parseIpv4(formatIpv4(value))).toEqual({ ok: true, value })
      }),
    )
  })

  test('a network with host bits names the network that was meant', () => {
    expect(parseIpv4Cidr('192.168.1.7/24')).toEqual({
      ok: false,
      error: '"192.168.1.7/24" has host bits set; the network is 192.168.1.0/24',
    })
    expect(parseIpv4Range('192.168.1.9-192.168.1.2').ok).toBe(false)
    // Octal to some programs, decimal to others.
    expect(parseIpv4('192.168.001.051').ok).toBe(false)
  })

  test('minted ids have the shape everybody checks for', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 2 ** 44 }),
        (bytes, now) => {
          expect(MachineId.safeParse(mintMachineId(bytes)).success).toBe(true)
          expect(Uid.safeParse(mintUid(now, bytes)).success).toBe(true)
          expect(mintMac(bytes)).toMatch(/^02(:[0-9A-F]{2}){5}$/)
        },
      ),
    )
  })
})
