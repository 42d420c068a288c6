import type { NetworkDocument, Stored } from '#core/model/document.ts'
import type { PlacementRequest } from '#core/model/placement.ts'
import { EMPTY_SEEN, type SiteSeen, type StorageSeen } from '#core/model/seen.ts'
import type { HostSpec } from '#core/model/site.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { aNetwork, aSite } from './documents.ts'
import { machineIdOf } from './view.ts'

/** Sites of several hosts, as placement sees them: hosts of one size with a thick storage each, and nothing on them. */
export const aHost = (name: string, changes: Partial<HostSpec> = {}): HostSpec => ({
  name,
  reserve: { host: { memory: '4Gi' } },
  storage: 'fast',
  imageStorage: 'img',
  ...changes,
})

export const aStorage = (host: string, name: string, changes: Partial<StorageSeen> = {}): StorageSeen => ({
  host,
  name,
  content: ['images'],
  active: true,
  shared: false,
  type: 'lvm',
  totalGiB: 2_000,
  freeGiB: 2_000,
  ...changes,
})

export const seenHosts = (hosts: readonly HostSpec[], changes: Partial<SiteSeen> = {}): SiteSeen => ({
  ...EMPTY_SEEN,
  hosts: hosts.map(({ name }) => ({ name, online: true, threads: 32, memoryMiB: 68 * 1024, version: '9.2.11' })),
  storages: hosts.flatMap(({ name }) => [
    aStorage(name, 'fast'),
    aStorage(name, 'img', { content: ['import'], type: 'dir' }),
  ]),
  bridges: hosts.flatMap(({ name }) => ['vmbr0', 'vmbr1'].map((bridge) => ({ host: name, name: bridge }))),
  ...changes,
})

export const anIsolatedNetwork = (spec: Partial<NetworkDocument['spec']> = {}): Stored<NetworkDocument> => {
  const network = aNetwork({ bridge: 'vmbr1', cidr: '172.31.250.0/24', isolated: true, ...spec })
  const { gateway: _, ...isolated } = network.spec
  return { ...network, uid: '0n000000000000000002', metadata: { name: 'storage' }, spec: isolated }
}

export const aWideLedger = (hosts: readonly HostSpec[], changes: Partial<Ledger> = {}): Ledger => ({
  site: aSite({ hosts: [...hosts] }).spec,
  networks: { lan: aNetwork().spec, storage: anIsolatedNetwork().spec },
  placements: [],
  adopted: [],
  claimed: {},
  seen: seenHosts(hosts),
  ...changes,
})

/** A worker that takes whatever address there is. */
export const aWorkerRequest = (name: string, changes: Partial<PlacementRequest> = {}): PlacementRequest => ({
  machineId: machineIdOf(name),
  name,
  role: 'worker',
  cpu: 4,
  memoryMiB: 8192,
  disks: [{ name: 'talos-system', sizeGiB: 32 }],
  nics: [{ network: 'lan' }],
  devices: [],
  ...changes,
})
