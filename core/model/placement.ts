import { z } from 'zod'
import { Name, MachineId, Uid } from './ids.ts'

/** Where a machine lives: decided once by the Site object, kept until its absence is proven. */
export const Placement = z.object({
  machineId: MachineId,
  clusterUid: Uid,
  name: Name,
  host: z.string().max(64),
  storage: z.string().max(100),
  imageStorage: z.string().max(100),
  bridge: z.string().max(16),
  vmid: z.int(),
  /** Upper case, as Proxmox writes it. */
  mac: z.string().regex(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/),
  /** IPv4 without prefix. */
  address: z.string().max(15),
  cpu: z.int(),
  memoryMiB: z.int(),
  diskGiB: z.int(),
})
export type Placement = z.infer<typeof Placement>

/** What a machine asks of a site. */
export const PlacementRequest = z.object({
  machineId: MachineId,
  name: Name,
  role: z.enum(['controlplane', 'worker']),
  cpu: z.int(),
  memoryMiB: z.int(),
  diskGiB: z.int(),
  network: Name,
  address: z.string().max(15),
})
export type PlacementRequest = z.infer<typeof PlacementRequest>
