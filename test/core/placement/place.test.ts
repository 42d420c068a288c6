import { describe, expect, test } from 'vitest'
import type { PlacementRequest } from '#core/model/placement.ts'
import type { SiteSeen } from '#core/model/seen.ts'
import { hostCapacity } from '#core/placement/capacity.ts'
import { placementFindings } from '#core/placement/findings.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { place } from '#core/placement/place.ts'
import { aNetwork, aSite, CLUSTER_UID } from '../../support/documents.ts'
import { UNIQUE } from '../../support/plan-invariants.ts'
import { seededRandom, seeds } from '../../support/random.ts'
import { machineIdOf } from '../../support/view.ts'

const seen = (changes: Partial<SiteSeen> = {}): SiteSeen => ({
  hosts: [{ name: 'prod-srv-01', online: true, threads: 36, memoryMiB: 88 * 1024, version: '9.2.11' }],
  storages: [
    { host: 'prod-srv-01', name: 'local', content: ['import'], active: true, shared: false, totalGiB: 90, freeGiB: 80 },
    {
      host: 'prod-srv-01',
      name: 'local-zfs',
      content: ['images'],
      active: true,
      shared: false,
      totalGiB: 900,
      freeGiB: 900,
    },
  ],
  bridges: [{ host: 'prod-srv-01', name: 'vmbr0' }],
  guests: [{ host: 'prod-srv-01', vmid: 100, name: 'truenas', cpu: 6, memoryMiB: 32 * 1024, running: true, macs: [] }],
  machines: [],
  nodes: [],
  ...changes,
})

const aLedger = (changes: Partial<Ledger> = {}): Ledger => ({
  site: aSite().spec,
  networks: { lan: aNetwork().spec },
  placements: [],
  adopted: [],
  claimed: {},
  seen: seen(),
  ...changes,
})

const aRequest = (name: string, changes: Partial<PlacementRequest> = {}): PlacementRequest => ({
  machineId: machineIdOf(name),
  name,
  role: 'controlplane',
  cpu: 4,
  memoryMiB: 8192,
  disks: [{ name: 'talos-system', sizeGiB: 32 }],
  nics: [{ network: 'lan', address: `192.168.1.${50 + Number(/\d+$/.exec(name)?.[0] ?? 0)}` }],
  devices: [],
  ...changes,
})

const three = ['cp-1', 'cp-2', 'cp-3'].map((name) => aRequest(name))
const random = seededRandom(1).bytes
const refusal = (requests: readonly PlacementRequest[], ledger: Ledger) => {
  const answer = place(CLUSTER_UID, requests, ledger, random)
  return answer.ok ? 'placed' : answer.refusals[0]?.problem
}

describe('the first story', () => {
  test('[P5] three control planes fit exactly beside the NAS and the reservations, and the finding says so', () => {
    const answer = place(CLUSTER_UID, three, aLedger(), random)
    expect(answer.ok && answer.placements.map(({ name, vmid, host }) => ({ name, vmid, host }))).toEqual([
      { name: 'cp-1', vmid: 5000, host: 'prod-srv-01' },
      { name: 'cp-2', vmid: 5001, host: 'prod-srv-01' },
      { name: 'cp-3', vmid: 5002, host: 'prod-srv-01' },
    ])
    const [exact, shared] = placementFindings(CLUSTER_UID, aLedger({ placements: answer.ok ? answer.placements : [] }))
    expect(exact).toMatchObject({
      code: 'fits-exactly',
      text: 'It fits exactly: nothing is left on prod-srv-01 (CPU 36 − 2 host − 16 growth − 6 other guests − 12 placed = 0 free; memory 88Gi − 8Gi host − 24Gi growth − 32Gi other guests − 24Gi placed = 0 free).',
    })
    expect(shared).toMatchObject({ code: 'control-planes-share-host' })
  })

  test('[P5] a fourth machine is refused with the arithmetic, and none of its call is placed', () => {
    expect(refusal([...three, aRequest('cp-4')], aLedger())).toMatchObject({
      code: 'no-capacity',
      facts: {
        arithmetic:
          'CPU 36 − 2 host − 16 growth − 6 other guests − 12 placed = 0 free, needed 4; memory 88Gi − 8Gi host − 24Gi growth − 32Gi other guests − 24Gi placed = 0 free, needed 8Gi',
      },
    })
  })

  test('a repeated request gives the same placements', () => {
    const first = place(CLUSTER_UID, three, aLedger(), random)
    const again = place(CLUSTER_UID, three, aLedger({ placements: first.ok ? first.placements : [] }), random)
    expect(again.ok && again.placements).toEqual(first.ok && first.placements)
  })
})

describe('refusals name their cause', () => {
  test('[P6] an address another machine holds', () => {
    const placed = place(CLUSTER_UID, three, aLedger(), random)
    const ledger = aLedger({ placements: placed.ok ? placed.placements : [], site: aSite({ vmids: '5000-5999' }).spec })
    expect(refusal([aRequest('other', { nics: [{ network: 'lan', address: '192.168.1.51' }] })], ledger)).toMatchObject(
      {
        code: 'address-taken',
        facts: { address: '192.168.1.51', by: 'cp-1' },
      },
    )
  })

  test.each([
    ['a host nobody has seen', { seen: seen({ hosts: [] }) }, 'host-unknown'],
    [
      'a host that is smaller than expected',
      {
        seen: seen({ hosts: [{ name: 'prod-srv-01', online: true, threads: 12, memoryMiB: 88 * 1024, version: '9' }] }),
      },
      'host-differs',
    ],
    ['a bridge that is not there', { seen: seen({ bridges: [] }) }, 'bridge-missing'],
    ['a storage without the content', { seen: seen({ storages: [] }) }, 'storage-missing'],
    ['a range without a free VMID', { site: aSite({ vmids: '100-100' }).spec }, 'vmids-exhausted'],
  ] as const)('%s', (_, changes, code) => {
    expect(refusal(three, aLedger(changes))).toMatchObject({ code })
  })

  test('[P6] a VMID that a foreign guest holds is passed over', () => {
    const guests = [
      { host: 'prod-srv-01', vmid: 5000, name: 'squatter', cpu: 0, memoryMiB: 0, running: false, macs: [] },
    ]
    const answer = place(CLUSTER_UID, [aRequest('cp-1')], aLedger({ seen: seen({ guests }) }), random)
    expect(answer.ok && answer.placements[0]?.vmid).toBe(5001)
  })
})

describe('spreading', () => {
  const hosts = ['a', 'b', 'c'].map((name) => ({ name, storage: 'fast', imageStorage: 'img' }))
  const wide = seen({
    hosts: hosts.map(({ name }) => ({ name, online: true, threads: 32, memoryMiB: 65536, version: '9' })),
    storages: hosts.flatMap(({ name }) => [
      { host: name, name: 'fast', content: ['images'], active: true, shared: false, totalGiB: 900, freeGiB: 900 },
      { host: name, name: 'img', content: ['import'], active: true, shared: false, totalGiB: 90, freeGiB: 80 },
    ]),
    bridges: hosts.map(({ name }) => ({ host: name, name: 'vmbr0' })),
    guests: [],
  })

  test('[pitfall 45] control planes take a host each when three could take them', () => {
    const answer = place(CLUSTER_UID, three, aLedger({ site: aSite({ hosts }).spec, seen: wide }), random)
    expect(answer.ok && answer.placements.map((placement) => placement.host)).toEqual(['a', 'b', 'c'])
  })

  test.each(seeds(200))('[P5][P6] never hands out twice and never beyond capacity, seed %i', (seed) => {
    const chance = seededRandom(seed)
    let ledger = aLedger({ site: aSite({ hosts, vmids: `5000-${5000 + chance.int(40)}` }).spec, seen: wide })
    for (let call = 0; call < 12; call++) {
      const requests = Array.from({ length: 1 + chance.int(4) }, (_, index) =>
        aRequest(`m-${call}-${index}`, {
          cpu: 1 + chance.int(8),
          memoryMiB: 2048 * (1 + chance.int(8)),
          nics: [
            chance.chance(0.3) ? { network: 'lan' } : { network: 'lan', address: `192.168.1.${2 + chance.int(200)}` },
          ],
        }),
      )
      const answer = place(CLUSTER_UID, requests, ledger, chance.bytes)
      if (answer.ok) ledger = { ...ledger, placements: [...ledger.placements, ...answer.placements] }
    }
    for (const of of Object.values(UNIQUE)) {
      const given = ledger.placements.flatMap(of)
      expect(new Set(given).size).toBe(given.length)
    }
    for (const host of ledger.site.hosts) {
      const capacity = hostCapacity(host, ledger)
      expect(capacity?.memoryMiB.free).toBeGreaterThanOrEqual(0)
      expect(capacity?.cpu.free).toBeGreaterThanOrEqual(0)
    }
  })
})
