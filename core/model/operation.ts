import { z } from 'zod'
import { DrainOrder } from './drain.ts'
import { Addressing, Boot, Hardware, MAX_NICS } from './hardware.ts'
import { MachineId, Name, Uid, type OperationId } from './ids.ts'
import { ConfigSettings } from './talos-intent.ts'
import { ProblemSchema } from './problem-schema.ts'

/**
 * One journalled act. Each kind has an input that holds everything its handler needs besides secrets, and an output
 * that holds what the cloud must know afterwards. Kinds are a closed set: the agent never runs anything else.
 */
const address = z.string().max(15)
const version = z.string().max(32)
/** The Talos minor that a cluster was born with, as in `1.13`; absent while that is the minor of its `talosVersion`. */
const contract = z.string().max(8)

const Peer = z.object({ machineId: MachineId, name: Name, address })
export type Peer = z.infer<typeof Peer>

const Vm = z.object({ machineId: MachineId, name: Name, host: z.string().max(64), vmid: z.int() })

/** The non-secret inputs of a machine configuration. `intentHash` is a hash of this value. */
export const ConfigIntent = z.object({
  talosVersion: version,
  contract: contract.optional(),
  kubernetesVersion: version,
  schematicId: z.string().max(64),
  clusterName: Name,
  vip: address,
  role: z.enum(['controlplane', 'worker']),
  schedulable: z.boolean(),
  hostname: Name,
  /** The first one is on the node network. */
  nics: z
    .array(
      z.object({
        mac: z.string().max(17),
        /** With prefix, as in `192.168.1.51/24`; absent where a DHCP server gives one. */
        addressCidr: z.string().max(18).optional(),
        /** Only the first NIC leads out of the site. */
        gateway: address.optional(),
        mtu: z.int().optional(),
      }),
    )
    .min(1)
    .max(MAX_NICS),
  networkCidr: z.string().max(18),
  nameservers: z.array(address).max(3),
  /** Serial of the disk that Talos installs itself to; absent on a machine whose disk already holds it. */
  installDisk: z.string().max(20).optional(),
  /** Its installer is the signed one. */
  secureBoot: z.boolean().optional(),
  settings: ConfigSettings.optional(),
})
export type ConfigIntent = z.infer<typeof ConfigIntent>

const inputs = {
  /** Makes the secrets bundle of a cluster in the agent, commits it to the vault, and reports its ciphertext. */
  'secrets.create': z.object({
    clusterUid: Uid,
    clusterName: Name,
    version: z.literal(1),
    talosVersion: version,
    contract: contract.optional(),
  }),
  /** Brings the Talos image to an image storage of a host. */
  'image.ensure': z.object({
    host: z.string().max(64),
    imageStorage: z.string().max(100),
    talosVersion: version,
    extensions: z.array(z.string().max(128)).max(32),
    schematicId: z.string().max(64),
    /** A disk image unless it says otherwise; hosts before 8.4 boot machines by ISO. */
    media: z.enum(['image', 'iso']).optional(),
    secureBoot: z.boolean().optional(),
  }),
  /** Brings one virtual machine into being, powered off. */
  'machine.create': Vm.extend({
    clusterUid: Uid,
    clusterName: Name,
    talosVersion: version,
    schematicId: z.string().max(64),
    guestAgent: z.boolean(),
    hardware: Hardware,
    boot: Boot,
    addressing: Addressing,
    nameservers: z.array(address).max(3),
  }),
  'machine.start': Vm,
  /** Makes a machine that is there what it should be, in place; `restart` says whether it may be, or is, power cycled. */
  'machine.resize': Vm.extend({
    clusterUid: Uid,
    clusterName: Name,
    guestAgent: z.boolean(),
    hardware: Hardware,
    restart: z.enum(['never', 'if-needed', 'always']),
    /** Tags that it has from an earlier wish; those that others gave it stay. */
    dropTags: z.array(z.string().max(64)).max(32),
    role: z.enum(['controlplane', 'worker']),
    address,
    /** Absent while the machine has no configuration: then nobody waits for Talos to come back. */
    secretsVersion: z.int().optional(),
    /** The other members of etcd; empty for a worker. */
    peers: z.array(Peer).max(16),
  }),
  /** Waits for the machine's own maintenance mode, checks its UUID, and applies the rendered configuration. */
  'machine.configure': z.object({
    machineId: MachineId,
    name: Name,
    clusterUid: Uid,
    /** Empty when nobody knows it: then the guest agent of the machine in its place is asked. */
    address,
    place: z.object({ host: z.string().max(64), vmid: z.int() }).optional(),
    secretsVersion: z.int(),
    intent: ConfigIntent,
    intentHash: z.string().max(64),
  }),
  /** Bootstraps etcd on one node; `peers` are looked at first, so that a lost answer never moves it to another. */
  'etcd.bootstrap': Peer.extend({ clusterUid: Uid, secretsVersion: z.int(), peers: z.array(Peer).max(16) }),
  /** The health gate: passes when every assertion holds at once. */
  'cluster.check': z.object({
    clusterUid: Uid,
    secretsVersion: z.int(),
    vip: address,
    kubernetesVersion: version,
    controlPlanes: z.array(Peer).max(16),
    workers: z.array(Peer).max(1000),
  }),
  /** Takes a machine out of the cluster and out of the host, and proves that it is gone. */
  'machine.remove': Vm.extend({
    clusterUid: Uid,
    /** A worker is no member of etcd. A removal that was recorded before there were workers says nothing. */
    role: z.enum(['controlplane', 'worker']).default('controlplane'),
    address,
    mac: z.string().max(17),
    secretsVersion: z.int().optional(),
    vip: address,
    /** Members that stay; empty when the whole cluster goes, and then etcd is not asked. */
    peers: z.array(Peer).max(16),
    /** How its pods leave while the cluster stays; the default when a removal says nothing. */
    drain: DrainOrder.optional(),
  }),
} as const

const outputs = {
  'secrets.create': z.object({
    version: z.literal(1),
    /** age, armoured. */
    ciphertext: z.string().max(64 * 1024),
    recipients: z.array(z.string().max(128)).max(16),
  }),
  'image.ensure': z.object({ volumeId: z.string().max(256) }),
  'machine.create': z.object({ vmid: z.int() }),
  'machine.start': z.object({}),
  'machine.resize': z.object({ restarted: z.boolean() }),
  'machine.configure': z.object({
    intentHash: z.string().max(64),
    configToken: z.string().max(128),
    /** Where it was found, when its address was not known. */
    address: address.optional(),
  }),
  'etcd.bootstrap': z.object({ memberId: z.string().max(20) }),
  'cluster.check': z.object({ passed: z.array(z.string().max(64)).max(64) }),
  'machine.remove': z.object({ leftovers: z.array(z.string().max(256)).max(100) }),
} as const

export type OperationKind = keyof typeof inputs
export const OPERATION_KINDS = Object.keys(inputs) as [OperationKind, ...OperationKind[]]
export const OPERATION_INPUTS: { readonly [K in OperationKind]: (typeof inputs)[K] } = inputs
export const OPERATION_OUTPUTS: { readonly [K in OperationKind]: (typeof outputs)[K] } = outputs
export type OperationInput<K extends OperationKind = OperationKind> = z.infer<(typeof inputs)[K]>
export type OperationOutput<K extends OperationKind = OperationKind> = z.infer<(typeof outputs)[K]>

/** How often one key is tried before a person is asked (P10), and how long one attempt may take in all, ms. */
export const OPERATION_LIMITS: {
  readonly [K in OperationKind]: { readonly attempts: number; readonly deadlineMs: number }
} = {
  'secrets.create': { attempts: 5, deadlineMs: 2 * 60_000 },
  'image.ensure': { attempts: 5, deadlineMs: 30 * 60_000 },
  'machine.create': { attempts: 5, deadlineMs: 20 * 60_000 },
  'machine.start': { attempts: 5, deadlineMs: 5 * 60_000 },
  // A node that did not come back twice is not brought back by a third power cycle.
  'machine.resize': { attempts: 3, deadlineMs: 20 * 60_000 },
  'machine.configure': { attempts: 5, deadlineMs: 15 * 60_000 },
  'etcd.bootstrap': { attempts: 5, deadlineMs: 15 * 60_000 },
  'cluster.check': { attempts: 10, deadlineMs: 20 * 60_000 },
  'machine.remove': { attempts: 8, deadlineMs: 45 * 60_000 },
}

/**
 * queued → offered → running → succeeded | failed | cancelled. `unreported` marks a running operation whose agent is
 * away: it is never given to anyone else. `needs-human` is a failure that repeating cannot mend.
 */
export const OperationState = z.enum(['queued', 'offered', 'running', 'succeeded', 'failed', 'cancelled'])
export type OperationState = z.infer<typeof OperationState>

export const isOpen = (state: OperationState): boolean =>
  state === 'queued' || state === 'offered' || state === 'running'

export const OperationResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('succeeded'), output: z.record(z.string(), z.unknown()) }),
  z.object({ outcome: z.literal('failed'), problem: ProblemSchema }),
  z.object({ outcome: z.literal('cancelled') }),
])
export type OperationResult = z.infer<typeof OperationResult>

/** An operation as people and the planner see it. Times are epoch ms. */
export interface Operation<K extends OperationKind = OperationKind> {
  readonly operationId: OperationId
  readonly kind: K
  /** Machine id, host or cluster uid: what the operation is about. */
  readonly subject: string
  /** Hash of kind, subject and inputs; unique among unfinished operations. */
  readonly key: string
  readonly input: OperationInput<K>
  readonly state: OperationState
  /** Counts the times this key was tried, this one included. */
  readonly attempt: number
  readonly createdAt: number
  readonly startedAt?: number | undefined
  readonly finishedAt?: number | undefined
  readonly step?: string | undefined
  readonly unreported?: boolean | undefined
  readonly cancelling?: boolean | undefined
  readonly result?: OperationResult | undefined
  /** What a person decided about a failed operation: a new budget for its key, or closed for good. */
  readonly decision?: 'retry' | 'abandon' | undefined
}
