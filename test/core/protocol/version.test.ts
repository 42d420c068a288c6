import { expect, test } from 'vitest'
import { z } from 'zod'
import { hashOf, type Json } from '#core/base/canonical-json.ts'
import { Down } from '#core/protocol/down.ts'
import { Up } from '#core/protocol/up.ts'
import { PROTOCOL_FLOOR, PROTOCOL_VERSION } from '#core/protocol/version.ts'

/**
 * A wire change cannot slip through: when this fails, a message changed. If an agent of the previous version would
 * still be understood, raise PROTOCOL_VERSION and put the new hash here; if not, raise PROTOCOL_FLOOR a release later.
 */
const KNOWN: Readonly<Record<number, string>> = {
  1: '021d4b270f9444dab26e8bed47b8546d317d88331ad15a5d41ca65e8d84c6d59',
  2: '2f07fce003e807af98a4ffba909146c574f1987b71205b44f64bd0a139d6bd5f',
}

test('[S10] the messages of the current protocol version are the ones that were agreed', () => {
  const schema = {
    up: z.toJSONSchema(Up, { unrepresentable: 'any', io: 'input' }),
    down: z.toJSONSchema(Down, { unrepresentable: 'any', io: 'input' }),
  }
  expect(hashOf(JSON.parse(JSON.stringify(schema)) as Json)).toBe(KNOWN[PROTOCOL_VERSION])
})

test('[S10] at most one version back is spoken', () => {
  expect(PROTOCOL_VERSION - PROTOCOL_FLOOR).toBeLessThanOrEqual(1)
})
