import { describe, expect, test } from 'vitest'
import type { NetworkSpec } from '#core/model/network.ts'
import { EMPTY_SEEN } from '#core/model/seen.ts'
import { Addresses, type WantedNic } from '#core/placement/addresses.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { aNetwork, CLUSTER_UID } from '../../support/documents.ts'
import { seededRandom, seeds } from '../../support/random.ts'
import { aHost, aWideLedger } from '../../support/site.ts'
import { aPlacement } from '../../support/view.ts'

/** The lowest address that is nobody's. */
const network = (spec: Partial<NetworkSpec> = {}): NetworkSpec =>
  aNetwork({ cidr: '192.168.1.0/28', gateway: '192.168.1.1', ...spec }).spec
const ledger = (lan: NetworkSpec, changes: Partial<Ledger> = {}) =>
  aWideLedger([aHost('a')], { networks: { lan }, ...changes })

/** All that can be given, one after the other. */
function drain(known: Ledger, nic: WantedNic = { network: 'lan' }): readonly string[] {
  const addresses = new Addresses(known)
  const given: string[] = []
  for (;;) {
    const next = addresses.choose([nic])
    if (!next.ok) return given
    addresses.take(next.value, 'somebody')
    given.push(...next.value)
  }
}
const host = (...numbers: readonly number[]) => numbers.map((number) => `192.168.1.${number}`)

describe('an address that the site gives', () => {
  test('[P6] is never the first, the last, the gateway, a reserved one, one of a pool, or one a document names', () => {
    const lan = network({
      reserved: { infra: '192.168.1.2-192.168.1.4' },
      pools: { services: '192.168.1.12-192.168.1.14' },
    })
    expect(drain(ledger(lan, { claimed: { '192.168.1.6': 'the VIP of cluster home' } }))).toEqual(
      host(5, 7, 8, 9, 10, 11),
    )
  })

  test('[P6] is never another machine’s, placed or seen', () => {
    const placements = [aPlacement('cp-1', { nics: [{ ...aPlacement('cp-1').nics[0]!, address: '192.168.1.3' }] })]
    const node = { clusterUid: CLUSTER_UID, name: 'old', ready: true, version: 'v1.36.3', address: '192.168.1.2' }
    const seen = { ...EMPTY_SEEN, nodes: [node] }
    expect(drain(ledger(network({ cidr: '192.168.1.0/29' }), { placements, seen }))).toEqual(host(4, 5, 6))
  })

  test('is of the pool that was named', () => {
    const lan = network({ pools: { workers: '192.168.1.12-192.168.1.14', services: '192.168.1.10' } })
    expect(drain(ledger(lan), { network: 'lan', pool: 'workers' })).toEqual(host(12, 13, 14))
  })

  test('is none that was to be avoided, by whom it was to be; the next may have it', () => {
    const addresses = new Addresses(ledger(network()))
    const nics = [{ network: 'lan' }]
    expect(addresses.choose(nics, host(2, 3))).toEqual({ ok: true, value: host(4) })
    addresses.take(host(4), 'w-0')
    expect(addresses.choose(nics)).toEqual({ ok: true, value: host(2) })
  })

  test('that is nowhere to be found is a refusal with the range', () => {
    const none = new Addresses(ledger(network({ reserved: { all: '192.168.1.2-192.168.1.14' } })))
    expect(none.choose([{ network: 'lan' }])).toMatchObject({
      ok: false,
      error: { code: 'addresses-exhausted', facts: { network: 'lan', range: '192.168.1.0-192.168.1.15' } },
    })
    expect(none.choose([{ network: 'lan', pool: 'workers' }])).toMatchObject({
      error: { code: 'reference-missing', facts: { kind: 'pool' } },
    })
  })

  test.each(seeds(100))('[P6] is in its network and nobody else’s, whatever is taken, seed %i', (seed) => {
    const chance = seededRandom(seed)
    const range = () => {
      const first = 2 + chance.int(12)
      return `192.168.1.${first}-192.168.1.${Math.min(14, first + chance.int(3))}`
    }
    const lan = network({ reserved: { a: range(), b: range() }, pools: { c: range() } })
    const claimed = { [`192.168.1.${2 + chance.int(12)}`]: 'somebody' }
    const given = drain(ledger(lan, { claimed }))
    const closed = [lan.reserved!['a']!, lan.reserved!['b']!, lan.pools!['c']!].flatMap((text) => {
      const [first = 0, last = 0] = text.split('-').map((address) => Number(address.split('.')[3]))
      return Array.from({ length: last - first + 1 }, (_, index) => `192.168.1.${first + index}`)
    })
    const free = host(...Array.from({ length: 13 }, (_, index) => index + 2)).filter(
      (address) => !closed.includes(address) && !Object.hasOwn(claimed, address),
    )
    expect(given).toEqual(free)
  })
})
