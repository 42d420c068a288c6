import type { ClusterDocuments } from '#core/plan/documents.ts'
import type {
  ClusterDocument,
  MachineClassDocument,
  NetworkDocument,
  SiteDocument,
  Stored,
} from '#core/model/document.ts'

/** Documents of the first story, for tests that change only what matters to them. */
const stored = <D extends object>(uid: string, document: D) => ({
  ...document,
  uid,
  generation: 1,
  createdAt: 0,
  updatedAt: 0,
})

export const CLUSTER_UID = '0c000000000000000001'
export const SITE_UID = '0s000000000000000001'

export const aSite = (spec: Partial<SiteDocument['spec']> = {}): Stored<SiteDocument> =>
  stored(SITE_UID, {
    apiVersion: 'lanline/v1alpha1' as const,
    kind: 'Site' as const,
    metadata: { name: 'home' },
    spec: {
      provider: 'proxmox' as const,
      vmids: '5000-5999',
      hosts: [
        {
          name: 'prod-srv-01',
          expect: { cpu: 36, memory: '88Gi' },
          reserve: { host: { cpu: 2, memory: '8Gi' }, growth: { cpu: 16, memory: '24Gi' } },
          storage: 'local-zfs',
          imageStorage: 'local',
        },
      ],
      ...spec,
    },
  })

export const aNetwork = (spec: Partial<NetworkDocument['spec']> = {}): Stored<NetworkDocument> =>
  stored('0n000000000000000001', {
    apiVersion: 'lanline/v1alpha1' as const,
    kind: 'Network' as const,
    metadata: { name: 'lan' },
    spec: { site: 'home', bridge: 'vmbr0', cidr: '192.168.1.0/24', gateway: '192.168.1.1', ...spec },
  })

export const aMachineClass = (spec: Partial<MachineClassDocument['spec']> = {}): Stored<MachineClassDocument> =>
  stored('0m000000000000000001', {
    apiVersion: 'lanline/v1alpha1' as const,
    kind: 'MachineClass' as const,
    metadata: { name: 'cp-small' },
    spec: { cpu: 4, memory: '8Gi', disks: [{ size: '32Gi' }], ...spec },
  })

export const aCluster = (
  changes: {
    machines?: Record<string, string>
    workers?: ClusterDocument['spec']['workers']
    deletingAt?: number
    generation?: number
  } = {},
): Stored<ClusterDocument> => ({
  ...stored(CLUSTER_UID, {
    apiVersion: 'lanline/v1alpha1' as const,
    kind: 'Cluster' as const,
    metadata: { name: 'home' },
    spec: {
      site: 'home',
      talos: { version: 'v1.13.9', extensions: ['qemu-guest-agent'] },
      kubernetes: { version: 'v1.36.3' },
      nodeNetwork: 'lan',
      endpoint: { vip: '192.168.1.50' },
      controlPlane: {
        class: 'cp-small',
        schedulable: true,
        machines: changes.machines ?? { 'cp-1': '192.168.1.51', 'cp-2': '192.168.1.52', 'cp-3': '192.168.1.53' },
      },
      ...(changes.workers ? { workers: changes.workers } : {}),
    },
  }),
  generation: changes.generation ?? 1,
  ...(changes.deletingAt === undefined ? {} : { deletingAt: changes.deletingAt }),
})

export const someDocuments = (changes: Partial<ClusterDocuments> = {}): ClusterDocuments => ({
  cluster: aCluster(),
  site: aSite(),
  networks: { lan: aNetwork() },
  machineClasses: { 'cp-small': aMachineClass() },
  ...changes,
})
