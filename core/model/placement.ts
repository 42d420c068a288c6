import { z } from 'zod'
import { BootMedia, Mac, MAX_DEVICES, MAX_DISKS, MAX_NICS } from './hardware.ts'
import { Name, MachineId, Uid } from './ids.ts'

/** Where a machine lives: decided once by the Site object, kept until its absence is proven. */
const role = z.enum(['controlplane', 'worker'])
const address = z.string().max(15)
const storage = z.string().max(100)
const mapping = z.string().max(64)

const PlacedDisk = z.object({ name: z.string().max(20), storage, sizeGiB: z.int() })
export type PlacedDisk = z.infer<typeof PlacedDisk>

const PlacedNic = z.object({
  network: Name,
  bridge: z.string().max(16),
  /** Upper case, as Proxmox writes it. */
  mac: z.string().regex(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/),
  /** IPv4 without prefix. */
  address,
})
export type PlacedNic = z.infer<typeof PlacedNic>

export const Placement = z.object({
  machineId: MachineId,
  clusterUid: Uid,
  name: Name,
  role,
  host: z.string().max(64),
  imageStorage: storage,
  /** What its host makes it from, decided with its place; a disk image when it says nothing. */
  boot: BootMedia.optional(),
  vmid: z.int(),
  cpu: z.int(),
  memoryMiB: z.int(),
  /** The first one is the system disk. */
  disks: z.array(PlacedDisk).min(1).max(MAX_DISKS),
  /** The first one is on the node network. */
  nics: z.array(PlacedNic).min(1).max(MAX_NICS),
  /** Resource mappings that are its alone on that host. */
  devices: z.array(mapping).max(MAX_DEVICES),
  /** The reservation that it uses up. */
  drawFrom: Name.optional(),
})
export type Placement = z.infer<typeof Placement>

export const addressOf = (placement: Placement): string => placement.nics[0]!.address

/** What a machine asks of a site. */
export const PlacementRequest = z.object({
  machineId: MachineId,
  name: Name,
  role,
  cpu: z.int(),
  memoryMiB: z.int(),
  /** `storage` is a name or an expression; that of the host when absent. */
  disks: z
    .array(z.object({ name: z.string().max(20), sizeGiB: z.int(), storage: z.string().max(512).optional() }))
    .min(1)
    .max(MAX_DISKS),
  /** `address` is absent when the site shall give one, from the pool named if there is one; so is `mac`. */
  nics: z
    .array(z.object({ network: Name, address: address.optional(), pool: Name.optional(), mac: Mac.optional() }))
    .min(1)
    .max(MAX_NICS),
  /** Addresses on which somebody answers that nobody here knows. */
  avoid: z.array(address).max(16).optional(),
  devices: z.array(mapping).max(MAX_DEVICES),
  where: z.string().max(512).optional(),
  /** The one host it may be on. */
  host: Name.optional(),
  drawFrom: Name.optional(),
})
export type PlacementRequest = z.infer<typeof PlacementRequest>
