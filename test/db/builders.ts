import type { AdoptedSpec, ManagedSpec } from '#core/model/machine.ts'
import type {
  ClusterDocument,
  MachineClassDocument,
  MachineDocument,
  NetworkDocument,
  SiteDocument,
} from '#core/model/document.ts'
import { mintUid } from '#core/model/ids.ts'

/** Documents with everything filled in; a test names only what matters to it. */
const apiVersion = 'lanline/v1alpha1' as const

export const aSite = (name: string, spec: Partial<SiteDocument['spec']> = {}): SiteDocument => ({
  apiVersion,
  kind: 'Site',
  metadata: { name },
  spec: {
    provider: 'proxmox',
    vmids: '5000-5999',
    hosts: [{ name: 'pve-1', storage: 'local-zfs', imageStorage: 'local' }],
    ...spec,
  },
})

export const aNetwork = (name: string, spec: Partial<NetworkDocument['spec']> = {}): NetworkDocument => ({
  apiVersion,
  kind: 'Network',
  metadata: { name },
  spec: {
    site: 'home',
    bridge: 'vmbr0',
    cidr: '192.168.1.0/24',
    gateway: '192.168.1.1',
    reserved: { infra: '192.168.1.2-192.168.1.19', vip: '192.168.1.50' },
    ...spec,
  },
})

export const aClass = (name: string, spec: Partial<MachineClassDocument['spec']> = {}): MachineClassDocument => ({
  apiVersion,
  kind: 'MachineClass',
  metadata: { name },
  spec: { cpu: 4, memory: '8Gi', disks: [{ size: '32Gi' }], ...spec },
})

/** Nothing leaves it: workers of several clusters reach their storage here. */
export const anIsolatedNetwork = (name: string, spec: Partial<NetworkDocument['spec']> = {}): NetworkDocument => ({
  apiVersion,
  kind: 'Network',
  metadata: { name },
  spec: { site: 'home', bridge: 'vmbr1', cidr: '172.31.250.0/24', isolated: true, ...spec },
})

/** A guest that somebody else keeps. */
export const anAdopted = (name: string, spec: Partial<AdoptedSpec> = {}): MachineDocument => ({
  apiVersion,
  kind: 'Machine',
  metadata: { name },
  spec: { site: 'home', host: 'pve-1', mode: 'adopt', vmid: 100, cpu: 6, memory: '32Gi', ...spec },
})

/** A guest that Lanline keeps. */
export const aManaged = (name: string, spec: Partial<ManagedSpec> = {}): MachineDocument => ({
  apiVersion,
  kind: 'Machine',
  metadata: { name },
  spec: { site: 'home', mode: 'managed', class: 'cp-small', nics: [{ network: 'lan' }], ...spec },
})

export const aCluster = (name: string, spec: Partial<ClusterDocument['spec']> = {}): ClusterDocument => ({
  apiVersion,
  kind: 'Cluster',
  metadata: { name },
  spec: {
    site: 'home',
    talos: { version: 'v1.13.9' },
    kubernetes: { version: 'v1.36.3' },
    nodeNetwork: 'lan',
    endpoint: { vip: '192.168.1.50' },
    controlPlane: {
      class: 'cp-small',
      schedulable: true,
      machines: { 'cp-1': '192.168.1.51', 'cp-2': '192.168.1.52', 'cp-3': '192.168.1.53' },
    },
    ...spec,
  },
})

let minted = 0
/** Distinct, in order of birth. */
export const aUid = (): string => mintUid(1_000_000 + minted++, new Uint8Array(11).fill(minted % 32))
