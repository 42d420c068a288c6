import { hashOf } from '#core/base/canonical-json.ts'
import type { Operation, OperationKind } from '#core/model/operation.ts'
import type { Placement } from '#core/model/placement.ts'
import type { MachineSeen, NodeSeen } from '#core/model/seen.ts'
import { askedByName } from '#core/plan/documents.ts'
import { birthHash } from '#core/plan/machines.ts'
import type { ClusterView, MachineView } from '#core/plan/view.ts'
import { CLUSTER_UID, someDocuments } from './documents.ts'

/** Builders of planner views: defaults are filled in, so a test writes only what matters to it. */
export const machineIdOf = (name: string): string => {
  const hex = hashOf(name)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const lastOctet = (name: string): number => 50 + Number(/\d+$/.exec(name)?.[0] ?? 0)

export const aPlacement = (name: string, changes: Partial<Placement> = {}): Placement => ({
  machineId: machineIdOf(name),
  clusterUid: CLUSTER_UID,
  name,
  role: 'controlplane',
  host: 'prod-srv-01',
  imageStorage: 'local',
  vmid: 4950 + lastOctet(name),
  cpu: 4,
  memoryMiB: 8192,
  disks: [{ name: 'talos-system', storage: 'local-zfs', sizeGiB: 32 }],
  nics: [
    {
      network: 'lan',
      bridge: 'vmbr0',
      mac: `02:00:00:00:00:${lastOctet(name).toString(16).padStart(2, '0').toUpperCase()}`,
      address: `192.168.1.${lastOctet(name)}`,
    },
  ],
  devices: [],
  ...changes,
})

const bornAs = (name: string): string => {
  const documents = someDocuments()
  const asked = askedByName(documents).get(name)
  return asked ? birthHash(documents, asked) : ''
}

export const aMachine = (name: string, changes: Partial<MachineView> = {}): MachineView => ({
  machineId: machineIdOf(name),
  name,
  role: 'controlplane',
  address: `192.168.1.${lastOctet(name)}`,
  birthHash: bornAs(name),
  placement: aPlacement(name),
  refusal: undefined,
  seen: undefined,
  node: undefined,
  wanted: true,
  ...changes,
})

export const seenMachine = (name: string, changes: Partial<MachineSeen> = {}): MachineSeen => ({
  machineId: machineIdOf(name),
  power: 'on',
  stage: 'running',
  ready: true,
  ...changes,
})

/** A control plane that has joined, healthy unless said otherwise. */
export const aMember = (
  name: string,
  changes: Partial<MachineView> & { etcd?: 'healthy' | 'unhealthy' | 'learner' } = {},
): MachineView => {
  const { etcd = 'healthy', ...rest } = changes
  return aMachine(name, {
    seen: seenMachine(name, {
      intentHash: 'f'.repeat(64),
      etcd: {
        memberId: String(lastOctet(name)),
        learner: etcd === 'learner',
        leader: false,
        healthy: etcd === 'healthy',
      },
    }),
    node: aNode(name),
    ...rest,
  })
}

export const aNode = (name: string, changes: Partial<NodeSeen> = {}): NodeSeen => ({
  clusterUid: CLUSTER_UID,
  name,
  ready: true,
  version: 'v1.36.3',
  address: `192.168.1.${lastOctet(name)}`,
  ...changes,
})

let operationCount = 0
export const anOperation = (kind: OperationKind, subject: string, changes: Partial<Operation> = {}): Operation => ({
  operationId: `${CLUSTER_UID}-${++operationCount}`,
  kind,
  subject,
  key: hashOf({ kind, subject }),
  input: {} as Operation['input'],
  state: 'running',
  attempt: 1,
  createdAt: 0,
  startedAt: 0,
  ...changes,
})

export const aView = (changes: Partial<ClusterView> = {}): ClusterView => ({
  now: 1_000_000,
  ...someDocuments(),
  agent: { online: true, since: 0 },
  seenAt: 1_000_000,
  secretsVersion: 0,
  bootstrap: undefined,
  contract: undefined,
  machines: ['cp-1', 'cp-2', 'cp-3'].map((name) => aMachine(name)),
  operations: [],
  locks: [],
  holds: [],
  placementFindings: [],
  ...changes,
})
