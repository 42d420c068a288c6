import { z } from 'zod'
import { MappingName } from './hardware.ts'
import { Name } from './ids.ts'
import { Quantity } from './quantity.ts'

/** A LAN with an agent, its Proxmox hosts, and what of them Lanline may use. */
const MAX_HOSTS = 32
const MAX_RESERVATIONS = 16
const MAX_DEVICES = 32
const MAX_LABELS = 32
/** Proxmox takes VMIDs from 100 to 999999999; ids below 100 are its own. */
const MIN_VMID = 100
const MAX_VMID = 999_999_999

/** Past it guests wait for each other more than they work. Source: facts proxmox.md §3. */
const MAX_CPU_OVERCOMMIT = 4

export interface VmidRange {
  readonly first: number
  readonly last: number
}

export function parseVmids(text: string): VmidRange | undefined {
  const match = /^(\d{3,9})-(\d{3,9})$/.exec(text)
  if (!match) return undefined
  const range = { first: Number(match[1]), last: Number(match[2]) }
  return range.first >= MIN_VMID && range.last <= MAX_VMID && range.first <= range.last ? range : undefined
}

const cpuCount = z.int().min(1).max(4096)

export const Reservation = z.strictObject({ cpu: cpuCount.optional(), memory: Quantity.optional() })

export const HostSpec = z.strictObject({
  /** The Proxmox node name. */
  name: Name,
  /** Checked against what the agent sees; a difference holds every placement on the host. */
  expect: z.strictObject({ cpu: cpuCount.optional(), memory: Quantity.optional() }).optional(),
  /** vCPUs promised for each thread; on hosts of control planes never more than 2, because etcd waits for nobody. */
  overcommit: z
    .strictObject({
      cpu: z
        .number()
        .min(0.1)
        .max(MAX_CPU_OVERCOMMIT, `at most ${MAX_CPU_OVERCOMMIT} vCPUs for each thread`)
        .optional(),
    })
    .optional(),
  /** Kept free of clusters, by name; `host` replaces the default allowance for the hypervisor itself. */
  reserve: z
    .record(Name, Reservation)
    .refine((entries) => Object.keys(entries).length <= MAX_RESERVATIONS, `at most ${MAX_RESERVATIONS} reservations`)
    .optional(),
  /** What the host has for one guest at a time, by name; a mapping is a resource mapping of Proxmox, as in `nas-hba`. */
  devices: z
    .record(Name, z.strictObject({ mapping: MappingName }))
    .refine((entries) => Object.keys(entries).length <= MAX_DEVICES, `at most ${MAX_DEVICES} devices`)
    .optional(),
  /** For the expressions of machine classes, as in `host.labels.rack == "a"`. */
  labels: z
    .record(z.string().min(1).max(64), z.string().max(128))
    .refine((entries) => Object.keys(entries).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`)
    .optional(),
  /** Storage for machine disks that name no other. */
  storage: z.string().min(1).max(100),
  /** Storage that takes the content type `import`, for Talos images. */
  imageStorage: z.string().min(1).max(100).default('local'),
})
export type HostSpec = z.infer<typeof HostSpec>

export const SiteSpec = z.strictObject({
  provider: z.literal('proxmox'),
  /** The range of VMIDs that only Lanline uses, as in `5000-5999`. */
  vmids: z
    .string()
    .refine((text) => parseVmids(text) !== undefined, `write a range like 5000-5999, from ${MIN_VMID} on`),
  hosts: z
    .array(HostSpec)
    .min(1)
    .max(MAX_HOSTS)
    .refine((hosts) => new Set(hosts.map((host) => host.name)).size === hosts.length, 'host names must differ'),
})
export type SiteSpec = z.infer<typeof SiteSpec>
