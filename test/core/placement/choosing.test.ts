import { describe, expect, test } from 'vitest'
import type { PlacementRequest } from '#core/model/placement.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { place } from '#core/placement/place.ts'
import { placementFindings } from '#core/placement/findings.ts'
import { seenHosts, aHost, aStorage, aWideLedger, aWorkerRequest } from '../../support/site.ts'
import { CLUSTER_UID } from '../../support/documents.ts'
import { seededRandom } from '../../support/random.ts'

/** Which host and which storage: by class, by device, by reservation, and evenly. */
const random = seededRandom(1).bytes
const placed = (requests: readonly PlacementRequest[], ledger: Ledger) => {
  const answer = place(CLUSTER_UID, requests, ledger, random)
  return answer.ok ? answer.placements : answer.refusals.map(({ problem }) => problem)
}
const hostsOf = (requests: readonly PlacementRequest[], ledger: Ledger) =>
  placed(requests, ledger).map((one) => ('host' in one ? one.host : one.code))
const controlPlane = (name: string, changes: Partial<PlacementRequest> = {}) =>
  aWorkerRequest(name, { role: 'controlplane', ...changes })

describe('a host', () => {
  const hosts = [
    aHost('a', { labels: { rack: 'left' } }),
    aHost('b', { labels: { rack: 'right' }, devices: { gpu0: { mapping: 'rtx' } } }),
    aHost('c'),
  ]

  test('is chosen by an expression; one that lacks the label is out, and says so', () => {
    const where = 'host.labels.rack == "right" && host.threads >= 16'
    expect(hostsOf([aWorkerRequest('w-0', { where })], aWideLedger(hosts))).toEqual(['b'])
    const [refusal] = placed([aWorkerRequest('w-0', { where: 'host.labels.rack == "up"' })], aWideLedger(hosts))
    expect(refusal).toMatchObject({
      code: 'host-excluded',
      facts: {
        hosts: [
          'a: not where host.labels.rack == "up"',
          'b: not where host.labels.rack == "up"',
          'c: not where host.labels.rack == "up" (No such key: rack)',
        ],
      },
    })
  })

  test('is pinned, and then its own reason is the one that is told', () => {
    expect(hostsOf([aWorkerRequest('w-0', { host: 'c' })], aWideLedger(hosts))).toEqual(['c'])
    const [refusal] = placed([aWorkerRequest('w-0', { host: 'c', cpu: 64 })], aWideLedger(hosts))
    expect(refusal).toMatchObject({ code: 'no-capacity', facts: { host: 'c' } })
  })

  test('gives a device to one machine only, and not the one that an adopted guest holds', () => {
    const gpu = { devices: ['rtx'] }
    expect(hostsOf([aWorkerRequest('w-0', gpu)], aWideLedger(hosts))).toEqual(['b'])
    expect(hostsOf([aWorkerRequest('w-0', gpu), aWorkerRequest('w-1', gpu)], aWideLedger(hosts))).toEqual([
      'device-missing',
    ])
    const nas = { name: 'nas', host: 'b', vmid: 100, cpu: 1, memoryMiB: 1024, devices: ['rtx'], drawFrom: undefined }
    expect(placed([aWorkerRequest('w-0', gpu)], aWideLedger(hosts, { adopted: [nas] }))).toMatchObject([
      { code: 'device-missing', facts: { hosts: expect.arrayContaining(['b: The host has no such device to give']) } },
    ])
  })

  test('[P5] lets those draw from a reservation who name it, and nobody else', () => {
    const full = [aHost('a', { reserve: { host: { memory: '4Gi' }, growth: { cpu: 24, memory: '56Gi' } } })]
    const growth = { drawFrom: 'growth' }
    expect(hostsOf([aWorkerRequest('w-0', { cpu: 9 })], aWideLedger(full))).toEqual(['no-capacity'])
    const ten = Array.from({ length: 8 }, (_, index) => aWorkerRequest(`w-${index}`, growth))
    expect(hostsOf(ten, aWideLedger(full))).toEqual(Array.from({ length: 8 }, () => 'a'))
    const [refusal] = placed([...ten, aWorkerRequest('w-8', growth)], aWideLedger(full))
    expect(refusal).toMatchObject({
      code: 'no-capacity',
      facts: {
        arithmetic:
          'CPU 32 − 32 placed = 0 free, beside what is left of growth, needed 4; memory 68Gi − 4Gi host − 64Gi placed = 0 free, beside what is left of growth, needed 8Gi',
      },
    })
  })

  test('[P5] counts an adopted guest whether it is there or not, and by what it takes if that is more', () => {
    const nas = { name: 'nas', host: 'a', vmid: 100, cpu: 8, memoryMiB: 60 * 1024, devices: [], drawFrom: undefined }
    const one = [aHost('a')]
    expect(hostsOf([aWorkerRequest('w-0')], aWideLedger(one, { adopted: [nas] }))).toEqual(['no-capacity'])
    const small = { ...nas, memoryMiB: 1024 }
    const guests = [{ host: 'a', vmid: 100, name: 'truenas', cpu: 8, memoryMiB: 60 * 1024, running: true, macs: [] }]
    const seen = seenHosts(one, { guests })
    expect(placed([aWorkerRequest('w-0')], aWideLedger(one, { adopted: [small], seen }))).toMatchObject([
      { code: 'no-capacity', facts: { arithmetic: expect.stringContaining('− 60Gi adopted = 4Gi free') } },
    ])
  })

  test('is told for every machine, with what the others said', () => {
    const answer = place(CLUSTER_UID, [aWorkerRequest('w-0', { host: 'b' })], aWideLedger(hosts), random, {
      explaining: true,
    })
    expect(answer.ok && answer.explanations).toEqual([
      {
        machineId: expect.any(String),
        name: 'w-0',
        host: 'b',
        hosts: [
          { host: 'a', says: 'pinned to b' },
          { host: 'b', says: 'chosen: 18% full with it' },
          { host: 'c', says: 'pinned to b' },
        ],
      },
    ])
  })
})

describe('a storage', () => {
  const hosts = [aHost('a')]
  const storages = [
    aStorage('a', 'fast', { freeGiB: 100 }),
    aStorage('a', 'slow', { freeGiB: 1_500 }),
    aStorage('a', 'thin', { type: 'lvmthin', totalGiB: 100, freeGiB: 60 }),
    aStorage('a', 'img', { content: ['import'] }),
  ]
  const ledger = aWideLedger(hosts, { seen: seenHosts(hosts, { storages }) })
  const disksOf = (disks: PlacementRequest['disks']) =>
    placed([aWorkerRequest('w-0', { disks })], ledger).map((one) =>
      'disks' in one ? one.disks.map(({ name, storage }) => `${name} on ${storage}`) : one,
    )

  test('is chosen for each disk by name, by expression, or by the host, and the emptiest of several is taken', () => {
    expect(
      disksOf([
        { name: 'talos-system', sizeGiB: 32 },
        { name: 'data', sizeGiB: 200, storage: 'storage.type == "lvm" && storage.freeGiB > disk.sizeGiB' },
        { name: 'cache', sizeGiB: 8, storage: 'thin' },
      ]),
    ).toEqual([['talos-system on fast', 'data on slow', 'cache on thin']])
  })

  test('that does not exist is named, beside those that do', () => {
    expect(disksOf([{ name: 'talos-system', sizeGiB: 32, storage: 'local-zfs' }])).toMatchObject([
      { code: 'storage-missing', facts: { storage: 'local-zfs', there: ['fast', 'slow', 'thin'] } },
    ])
    expect(disksOf([{ name: 'talos-system', sizeGiB: 32, storage: 'storage.shared' }])).toMatchObject([
      { code: 'storage-missing', facts: { expression: 'storage.shared' } },
    ])
  })

  test('[P5] a thick one keeps a tenth in hand, and counts what the same machine already takes', () => {
    expect(disksOf([{ name: 'talos-system', sizeGiB: 90 }])).toEqual([['talos-system on fast']])
    expect(disksOf([{ name: 'talos-system', sizeGiB: 91 }])).toMatchObject([
      { facts: { arithmetic: 'storage fast 100Gi free − 0Gi promised = 100Gi, needed 91Gi + 10% = 101Gi' } },
    ])
    const two = [
      { name: 'talos-system', sizeGiB: 60 },
      { name: 'data', sizeGiB: 60 },
    ]
    expect(disksOf(two)).toMatchObject([
      {
        facts: {
          disk: 'data',
          arithmetic: 'storage fast 100Gi free − 60Gi promised = 40Gi, needed 60Gi + 10% = 66Gi',
        },
      },
    ])
  })

  test('[P5] a thin one promises half as much again, but not once it is four fifths full', () => {
    expect(disksOf([{ name: 'talos-system', sizeGiB: 150, storage: 'thin' }])).toEqual([['talos-system on thin']])
    expect(disksOf([{ name: 'talos-system', sizeGiB: 151, storage: 'thin' }])).toMatchObject([
      { facts: { arithmetic: 'storage thin 100Gi × 1.5 − 0Gi promised = 150Gi, needed 151Gi' } },
    ])
    const used = storages.map((storage) => (storage.name === 'thin' ? { ...storage, freeGiB: 20 } : storage))
    const full = aWideLedger(hosts, { seen: seenHosts(hosts, { storages: used }) })
    expect(
      placed([aWorkerRequest('w-0', { disks: [{ name: 'talos-system', sizeGiB: 1, storage: 'thin' }] })], full),
    ).toMatchObject([{ facts: { arithmetic: 'storage thin 80Gi of 100Gi used, at most 80% may be' } }])
  })

  test('[P5] a shared one is one storage, whatever host looks at it', () => {
    const two = [aHost('a', { storage: 'san' }), aHost('b', { storage: 'san' })]
    const shared = seenHosts(two)
    const seen = {
      ...shared,
      storages: [...shared.storages, ...two.map(({ name }) => aStorage(name, 'san', { shared: true, freeGiB: 75 }))],
    }
    const ledger = aWideLedger(two, { seen })
    expect(hostsOf([aWorkerRequest('w-0'), aWorkerRequest('w-1')], ledger)).toEqual(['a', 'b'])
    expect(
      hostsOf(
        ['w-0', 'w-1', 'w-2'].map((name) => aWorkerRequest(name)),
        ledger,
      ),
    ).toEqual(['no-capacity'])
  })
})

describe('control planes', () => {
  const four = ['a', 'b', 'c', 'd'].map((name) => aHost(name))

  test('share no storage while another host has one of its own', () => {
    const hosts = [aHost('a', { storage: 'san' }), aHost('b', { storage: 'san' }), aHost('c')]
    const wide = seenHosts(hosts)
    const san = ['a', 'b'].map((name) => aStorage(name, 'san', { shared: true }))
    const ledger = aWideLedger(hosts, { seen: { ...wide, storages: [...wide.storages, ...san] } })
    expect(hostsOf([controlPlane('cp-1'), controlPlane('cp-2')], ledger)).toEqual(['a', 'c'])
    const answer = place(
      CLUSTER_UID,
      ['cp-1', 'cp-2', 'cp-3'].map((name) => controlPlane(name)),
      ledger,
      random,
    )
    const findings = placementFindings(CLUSTER_UID, { ...ledger, placements: answer.ok ? answer.placements : [] })
    expect(findings.filter(({ code }) => code !== 'fits').map(({ text }) => text)).toEqual([
      '2 control planes have their disks on san: if it fails, etcd loses 2 members at once.',
    ])
  })

  test('that could not lose a host are a finding, and those that could are none', () => {
    const findingsOf = (names: readonly string[], count: number) => {
      const ledger = aWideLedger(four.filter(({ name }) => names.includes(name)))
      const requests = Array.from({ length: count }, (_, index) => controlPlane(`cp-${index}`))
      const answer = place(CLUSTER_UID, requests, ledger, random)
      return placementFindings(CLUSTER_UID, { ...ledger, placements: answer.ok ? answer.placements : [] })
        .filter(({ code }) => code === 'host-failure-costs-quorum')
        .map(({ text }) => text)
    }
    expect(findingsOf(['a', 'b'], 3)).toEqual([
      'If a fails, 1 of 3 control planes stay, and etcd needs 2: the cluster would stand still.',
    ])
    expect(findingsOf(['a', 'b', 'c'], 3)).toEqual([])
    expect(findingsOf(['a', 'b', 'c'], 5)).toEqual([])
    expect(findingsOf(['a', 'b', 'c', 'd'], 1)).toEqual([])
  })

  test('find their place before workers, and the big before the small', () => {
    const one = aWideLedger([aHost('a')])
    const requests = [
      aWorkerRequest('big', { cpu: 1, memoryMiB: 32 * 1024 }),
      aWorkerRequest('small', { cpu: 1, memoryMiB: 24 * 1024 }),
      controlPlane('cp-1', { cpu: 1, memoryMiB: 16 * 1024 }),
    ]
    const answer = place(CLUSTER_UID, requests, one, random)
    expect(!answer.ok && answer.refusals.map(({ machineId }) => machineId)).toEqual([requests[1]?.machineId])
  })
})

test('hosts of a site that are no Proxmox cluster may have one VMID twice, and Lanline gives neither of them away', () => {
  const hosts = [aHost('a'), aHost('b')]
  const guests = ['a', 'b'].map((host) => ({
    host,
    vmid: 5000,
    name: `web-${host}`,
    cpu: 1,
    memoryMiB: 1024,
    running: true,
    macs: [],
  }))
  const ledger = aWideLedger(hosts, { seen: seenHosts(hosts, { guests }) })
  const answer = place(CLUSTER_UID, [aWorkerRequest('w-0'), aWorkerRequest('w-1')], ledger, random)
  expect(answer.ok && answer.placements.map(({ vmid, host }) => `${host}/${vmid}`)).toEqual(['a/5001', 'b/5002'])
})
