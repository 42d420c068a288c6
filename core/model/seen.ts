import { z } from 'zod'
import { MachineShape } from './machine-shape.ts'

/**
 * What an agent sees of its site: the declared schema of `site.seen`. No usage figures, because they change all the
 * time and nothing plans by them; free space is rounded down to steps of 5 % of the total for the same reason.
 */
const MAX_NAME_CHARS = 128

const text = z.string().max(MAX_NAME_CHARS)

export const HostSeen = z.object({
  name: text,
  online: z.boolean(),
  threads: z.int().nonnegative(),
  memoryMiB: z.int().nonnegative(),
  version: text,
  /** Allowance for the ZFS cache if one is configured, MiB. */
  zfsCacheMiB: z.int().nonnegative().optional(),
})
export type HostSeen = z.infer<typeof HostSeen>

export const StorageSeen = z.object({
  host: text,
  name: text,
  content: z.array(z.string().max(32)).max(16),
  active: z.boolean(),
  shared: z.boolean(),
  /** As Proxmox calls it, as in `zfspool`; it tells whether disks take their space at once. */
  type: z.string().max(32).optional(),
  totalGiB: z.int().nonnegative(),
  /** Rounded down to 5 % of the total. */
  freeGiB: z.int().nonnegative(),
})
export type StorageSeen = z.infer<typeof StorageSeen>

export const BridgeSeen = z.object({ host: text, name: text })
export type BridgeSeen = z.infer<typeof BridgeSeen>

/** Any VM or container of a host, ours or not. Templates are left out: they take no capacity. */
export const GuestSeen = z.object({
  host: text,
  vmid: z.int(),
  /** Lower case; absent when it could not be read. */
  uuid: z.string().max(36).optional(),
  name: text,
  cpu: z.int().nonnegative(),
  memoryMiB: z.int().nonnegative(),
  running: z.boolean(),
  macs: z.array(z.string().max(17)).max(32),
})
export type GuestSeen = z.infer<typeof GuestSeen>

export const TalosStage = z.enum([
  'unreachable',
  'maintenance',
  'booting',
  'installing',
  'running',
  'rebooting',
  'upgrading',
  'resetting',
  'shutting-down',
  'foreign',
  'unknown',
])
export type TalosStage = z.infer<typeof TalosStage>

/** More differences than this say one thing: somebody rebuilt the guest. */
export const MAX_DRIFT = 16

/** One attribute of a guest that is not as an operation last left it. */
export const DriftSeen = z.object({
  /** As in `memory-mib` or `nic 0 bridge`. */
  attribute: z.string().max(64),
  /** `hot`: changed back while it runs · `pending`: with a power cycle · `immutable`: only a new machine has it. */
  class: z.enum(['hot', 'pending', 'immutable']),
  /** Absent when there should be no such thing. */
  wanted: text.optional(),
  /** Absent when there is no such thing. */
  seen: text.optional(),
  /** Right already from the next power cycle on. */
  waits: z.boolean().optional(),
  /** No operation changes it back, as for a disk that was moved. */
  byHand: z.boolean().optional(),
})
export type DriftSeen = z.infer<typeof DriftSeen>

/** One of our machines, by its SMBIOS UUID. */
export const MachineSeen = z.object({
  machineId: z.string().max(36),
  power: z.enum(['on', 'off', 'absent', 'unknown']),
  stage: TalosStage,
  /** Talos' own readiness of the running stage. */
  ready: z.boolean(),
  talosVersion: text.optional(),
  bootId: text.optional(),
  /** Hash of the non-secret inputs of the configuration that the node confirmed. */
  intentHash: text.optional(),
  /** HMAC of the node's canonical configuration under a key of the bundle; tells drift without telling the configuration. */
  configToken: text.optional(),
  etcd: z
    .object({ memberId: z.string().max(20), learner: z.boolean(), leader: z.boolean(), healthy: z.boolean() })
    .optional(),
  /** The host it is on, when that is not where it was placed: somebody, or HA, moved it. */
  movedTo: text.optional(),
  /** As what it was last made or changed by this agent; absent when another agent did. */
  shape: MachineShape.optional(),
  /** How it differs from that now; absent when in nothing. */
  drift: z.array(DriftSeen).max(MAX_DRIFT).optional(),
})
export type MachineSeen = z.infer<typeof MachineSeen>

/** Kubernetes' view of a machine. */
export const NodeSeen = z.object({
  clusterUid: z.string().max(20),
  name: text,
  ready: z.boolean(),
  version: text,
  address: z.string().max(45),
})
export type NodeSeen = z.infer<typeof NodeSeen>

/** The tables of an observation, each row under its key (see `seenKeys`). */
export const SEEN_TABLES = {
  hosts: HostSeen,
  storages: StorageSeen,
  bridges: BridgeSeen,
  guests: GuestSeen,
  machines: MachineSeen,
  nodes: NodeSeen,
} as const
export type SeenTable = keyof typeof SEEN_TABLES
export interface SeenRows {
  hosts: HostSeen
  storages: StorageSeen
  bridges: BridgeSeen
  guests: GuestSeen
  machines: MachineSeen
  nodes: NodeSeen
}

/** All that is known of a site at one time. */
export type SiteSeen = { readonly [T in SeenTable]: readonly SeenRows[T][] }

export const EMPTY_SEEN: SiteSeen = { hosts: [], storages: [], bridges: [], guests: [], machines: [], nodes: [] }

/** The key of a row inside its table; equal keys are the same thing seen again. */
export const seenKeys: { readonly [T in SeenTable]: (row: SeenRows[T]) => string } = {
  hosts: (row) => row.name,
  storages: (row) => `${row.host}/${row.name}`,
  bridges: (row) => `${row.host}/${row.name}`,
  guests: (row) => `${row.host}/${row.vmid}`,
  machines: (row) => row.machineId,
  nodes: (row) => `${row.clusterUid}/${row.name}`,
}
