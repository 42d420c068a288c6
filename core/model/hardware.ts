import { z } from 'zod'
import { Name } from './ids.ts'

/**
 * The hardware of one machine, decided down to the last storage and MAC: a handler that makes it leaves nothing to
 * choose. Machine classes say what people want; placement turns that into this.
 *
 * Source of the limits: facts proxmox.md §1.7 (scsi0–30, net0–31, hostpci0–15; a serial of 20 characters).
 */
export const MAX_DISKS = 16
export const MAX_NICS = 16
export const MAX_DEVICES = 8
const MAX_TAGS = 16

const address = z.string().max(15)

/** What a firmware asks of its image: secure boot needs OVMF, an image signed for it, and keys enrolled by Talos. */
export const Firmware = z.enum(['ovmf', 'seabios'])
export type Firmware = z.infer<typeof Firmware>

export const DiskCache = z.enum(['none', 'writethrough', 'writeback', 'directsync'])
export type DiskCache = z.infer<typeof DiskCache>

/** One virtual disk; the first one of a machine is the system disk. */
export const DiskShape = z.object({
  /** Unique in the machine; also its serial, by which Talos selects it (`talos-system` for the first). */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,19}$/),
  storage: z.string().max(100),
  sizeGiB: z.int().min(1),
  cache: DiskCache,
  ssd: z.boolean(),
  discard: z.boolean(),
  iothread: z.boolean(),
  /** Whether backups by Proxmox take it along. */
  backup: z.boolean(),
})
export type DiskShape = z.infer<typeof DiskShape>

/** One network card; the first one of a machine is on the node network. */
export const NicShape = z.object({
  network: Name,
  bridge: z.string().max(16),
  vlan: z.int().min(1).max(4094).optional(),
  mtu: z.int().min(576).max(65_520).optional(),
  firewall: z.boolean(),
  /** UDP tunnel offload to the guest: off, because it breaks VXLAN between hosts (PVE bug 7627). */
  hostTunnel: z.boolean(),
  /** Upper case, as Proxmox writes it. */
  mac: z.string().regex(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/),
  /** With prefix, as in `192.168.1.51/24`; absent when the network gives addresses by DHCP. */
  addressCidr: z.string().max(18).optional(),
  /** Absent on an isolated network. */
  gateway: address.optional(),
})
export type NicShape = z.infer<typeof NicShape>

/** A MAC that one machine gives itself, in any case; odd second digits are those of groups. */
export const Mac = z
  .string()
  .regex(
    /^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$/,
    'must be the MAC of one machine, like BC:24:11:00:00:01: its second digit is even',
  )

/** Name of a resource pool of Proxmox, with those it is in, as in `home/clusters`. */
export const PoolName = z
  .string()
  .max(128)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*){0,2}$/,
    'must be a pool like lanline or home/lanline',
  )

/** Name of a resource mapping of Proxmox. */
export const MappingName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{1,63}$/, 'must be a resource mapping like nas-hba')

/** A device of the host, by its Proxmox resource mapping: never by a raw address, which a token may not use. */
export const DeviceShape = z.object({ mapping: MappingName, pcie: z.boolean() })
export type DeviceShape = z.infer<typeof DeviceShape>

export const Hardware = z.object({
  cpu: z.int().min(1),
  /** A QEMU model such as `x86-64-v2-AES` or `host`; always sent, because the default of Proxmox does not boot Talos. */
  cpuType: z.string().max(64),
  numa: z.boolean(),
  /** Fixed: ballooning takes memory that kubelet counts on. */
  memoryMiB: z.int().min(1),
  firmware: Firmware,
  secureBoot: z.boolean(),
  tpm: z.boolean(),
  scsiController: z.enum(['virtio-scsi-pci', 'virtio-scsi-single']),
  disks: z.array(DiskShape).min(1).max(MAX_DISKS),
  nics: z.array(NicShape).min(1).max(MAX_NICS),
  devices: z.array(DeviceShape).max(MAX_DEVICES),
  onboot: z.boolean(),
  protection: z.boolean(),
  /** Beside the ones Lanline sets itself. */
  tags: z.array(z.string().max(64)).max(MAX_TAGS),
  /** Whose member it becomes; the one of the agent's configuration when absent. */
  pool: PoolName.optional(),
})
export type Hardware = z.infer<typeof Hardware>

/** What a host makes its machines from; see `Boot`. */
export const BootMedia = z.enum(['image', 'iso'])
export type BootMedia = z.infer<typeof BootMedia>

/**
 * Talos: a disk image that is imported (8.4 and newer), or an ISO that installs to the system disk (8.0 to 8.3). What an
 * owner brings along lies in a volume that they name; with neither, all disks are empty.
 */
export const Boot = z.discriminatedUnion('by', [
  z.object({ by: z.literal('image'), imageStorage: z.string().max(100) }),
  z.object({ by: z.literal('iso'), isoStorage: z.string().max(100) }),
  z.object({ by: z.literal('volume'), image: z.string().max(256).optional(), iso: z.string().max(256).optional() }),
])
export type Boot = z.infer<typeof Boot>

/**
 * How a machine learns its address before it has a configuration: from the cloud-init drive that Proxmox writes, from
 * a `cidata` ISO that the agent uploads, or by DHCP, and then the guest agent or the LAN tells which it got.
 */
export const Addressing = z.enum(['cloud-init', 'cidata', 'dhcp'])
export type Addressing = z.infer<typeof Addressing>
