import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { byKind } from '#core/check/documents.ts'
import { DOCUMENT_SCHEMAS, type Document, type Stored } from '#core/model/document.ts'
import { mintMachineId } from '#core/model/ids.ts'
import type { SiteSeen } from '#core/model/seen.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import { askedByName, completeDocuments } from '#core/plan/documents.ts'
import { hardwareFor } from '#core/plan/hardware.ts'
import { previewCluster } from '#core/plan/preview-cluster.ts'
import { reconcileMachines, requestsFor } from '#core/plan/machines.ts'
import { place } from '#core/placement/place.ts'
import { REPOSITORY } from '../../support/run-cli.ts'
import { seededRandom } from '../../support/random.ts'
import { aStorage, seenHosts } from '../../support/site.ts'

/** examples/dual-network.yaml, placed on two hosts as people have them. */
const documents = parseAllDocuments(readFileSync(`${REPOSITORY}examples/dual-network.yaml`, 'utf8')).map((document) => {
  const value = document.toJS() as Document
  const stored = { uid: '0c000000000000000001', generation: 1, createdAt: 0, updatedAt: 0 }
  return { ...DOCUMENT_SCHEMAS[value.kind].parse(value), ...stored } as Stored
})
const kinds = byKind(documents)
const [site] = kinds.sites as Stored<(typeof kinds.sites)[number]>[]
const [cluster] = kinds.clusters as Stored<(typeof kinds.clusters)[number]>[]
const byName = <D extends Document>(found: readonly D[]) =>
  Object.fromEntries(found.map((document) => [document.metadata.name, document])) as Record<string, Stored<D>>
const complete = completeDocuments({
  cluster: cluster!,
  site,
  networks: byName(kinds.networks),
  machineClasses: byName(kinds.machineClasses),
})!

const hosts = site!.spec.hosts
const wide = seenHosts(hosts)
const seen: SiteSeen = {
  ...wide,
  hosts: wide.hosts.map((host) => ({ ...host, threads: 32, memoryMiB: 128 * 1024 })),
  storages: hosts.flatMap(({ name }) => [
    aStorage(name, 'nvme', { type: 'lvmthin' }),
    aStorage(name, 'local', { content: ['import'], type: 'dir' }),
  ]),
  guests: [{ host: 'pve-a', vmid: 100, name: 'truenas', cpu: 4, memoryMiB: 32 * 1024, running: true, macs: [] }],
}
const ledger = toLedger({ ...kinds, site: site! }, { placements: [], seen })
const { bytes } = seededRandom(1)
const machines = reconcileMachines([], complete, false, () => mintMachineId(bytes(16)))
const answer = place(complete.cluster.uid, requestsFor(machines, complete), ledger, bytes)

test('[P5][P6] the second story: workers on two networks, a GPU, and a NAS that keeps its address', () => {
  expect(
    answer.ok && answer.placements.map(({ name, host, nics }) => [name, host, ...nics.map((nic) => nic.address)]),
  ).toEqual([
    ['dc-cp-0', 'pve-a', '10.20.0.51'],
    ['dc-cp-1', 'pve-b', '10.20.0.52'],
    ['dc-cp-2', 'pve-b', '10.20.0.53'],
    ['dc-general-0', 'pve-a', '10.20.0.100', '172.31.250.20'],
    ['dc-general-1', 'pve-b', '10.20.0.101', '172.31.250.21'],
    ['dc-gpu', 'pve-b', '10.20.0.60', '172.31.250.60'],
  ])
})

test('what a class says is the hardware of the machine, down to the storage of each disk and the wire of each NIC', () => {
  const placement = answer.ok ? answer.placements.find(({ name }) => name === 'dc-general-0')! : undefined
  const hardware = hardwareFor(placement!, askedByName(complete).get('dc-general-0')!, complete)
  const mac = expect.stringMatching(/^02:/)
  expect(hardware).toMatchObject({
    cpu: 4,
    memoryMiB: 16_384,
    firmware: 'ovmf',
    disks: [
      { name: 'talos-system', storage: 'nvme', sizeGiB: 40, backup: true },
      { name: 'data', storage: 'nvme', sizeGiB: 200, backup: false },
    ],
  })
  expect(hardware.nics).toEqual([
    {
      network: 'mgmt',
      bridge: 'vmbr0',
      mac,
      addressCidr: '10.20.0.100/24',
      gateway: '10.20.0.1',
      firewall: false,
      hostTunnel: false,
    },
    {
      network: 'storage',
      bridge: 'vmbr1',
      vlan: 250,
      mtu: 9000,
      mac,
      addressCidr: '172.31.250.20/24',
      firewall: false,
      hostTunnel: false,
    },
  ])
  const gpu = answer.ok ? answer.placements.find(({ name }) => name === 'dc-gpu')! : undefined
  expect(hardwareFor(gpu!, askedByName(complete).get('dc-gpu')!, complete)).toMatchObject({
    cpuType: 'host',
    devices: [{ mapping: 'rtx', pcie: true }],
    tags: ['gpu'],
  })
})

test('a dry run of it tells which host could not be lost', () => {
  const memory = undefined
  const { plan } = previewCluster({
    now: 1,
    documents: complete,
    ledger,
    seenAt: 1,
    online: true,
    memory,
    random: bytes,
  })
  expect(plan.findings.map(({ code }) => code)).toContain('host-failure-costs-quorum')
  expect(plan.holds.map(({ code }) => code)).not.toContain('not-placed')
})
