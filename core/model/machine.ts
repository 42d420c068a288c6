import { z } from 'zod'
import { Mac, MAX_DEVICES, MAX_NICS } from './hardware.ts'
import { Name } from './ids.ts'
import { Ipv4 } from './network.ts'
import { Quantity } from './quantity.ts'

/**
 * A guest that is no Kubernetes node: a NAS, a router. Either somebody else made it and keeps it (`adopt`): it is
 * counted, its addresses and devices are nobody else's, and nothing is ever done to it. Or Lanline makes it, starts it
 * and in the end removes it (`managed`), as it does with the machines of clusters, and what runs in it is its owner's.
 */
const MIN_VMID = 100
const MAX_VMID = 999_999_999
const MAX_VOLUME_CHARS = 200

export const AdoptedSpec = z.strictObject({
  site: Name,
  /** The Proxmox node it is on. */
  host: Name,
  guest: z.literal('vm').optional(),
  mode: z.literal('adopt'),
  vmid: z.int().min(MIN_VMID).max(MAX_VMID),
  /** What is counted while the guest takes less, or is not there. */
  cpu: z.int().min(1).max(4096).optional(),
  memory: Quantity.optional(),
  /** Names of devices of the host that it holds. */
  devices: z.array(Name).max(MAX_DEVICES).optional(),
  /** Its addresses, so that nobody else is given them. */
  nics: z
    .array(z.strictObject({ network: Name, ip: Ipv4 }))
    .max(MAX_NICS)
    .optional(),
  /** A reservation of the host that it uses up. */
  drawFrom: Name.optional(),
})
export type AdoptedSpec = z.infer<typeof AdoptedSpec>

const volume = (content: 'import' | 'iso', ends: string, example: string) =>
  z
    .string()
    .max(MAX_VOLUME_CHARS)
    .regex(
      new RegExp(`^[A-Za-z][A-Za-z0-9._-]*:${content}/[A-Za-z0-9][A-Za-z0-9._-]*\\.(${ends})$`),
      `must be a volume like ${example}`,
    )

/** What is on its disks or in its drive when it first starts; disks are empty when nothing is said. */
const GuestBoot = z
  .strictObject({
    /** A disk image on a storage of its host; it becomes the first disk. */
    image: volume('import', 'qcow2|raw|vmdk', 'local:import/debian-13.qcow2').optional(),
    /** A CD on a storage of its host; the first disk is empty and is tried first. */
    iso: volume('iso', 'iso|img', 'local:iso/truenas-25.iso').optional(),
  })
  .refine(({ image, iso }) => (image === undefined) !== (iso === undefined), 'name either an image or an iso')

export const ManagedSpec = z.strictObject({
  site: Name,
  /** The one host that it may be on; any that fits by default. */
  host: Name.optional(),
  guest: z.literal('vm').optional(),
  mode: z.literal('managed'),
  /** Its hardware. */
  class: Name,
  boot: GuestBoot.optional(),
  /** What is on its disk answers the host's questions; otherwise stopping it would wait for nobody. */
  guestAgent: z.boolean().optional(),
  /** The first one may lead out of the site. An address that is not named is given by the site. */
  nics: z
    .array(
      z.strictObject({
        network: Name,
        ip: Ipv4.optional(),
        mac: Mac.optional(),
        firewall: z.boolean().optional(),
        hostTunnel: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(MAX_NICS)
    .refine((nics) => new Set(nics.map(({ network }) => network)).size === nics.length, {
      message: 'a machine has one NIC in a network',
    }),
  /** A reservation of the host that it uses up. */
  drawFrom: Name.optional(),
})
export type ManagedSpec = z.infer<typeof ManagedSpec>

export const MachineSpec = z.discriminatedUnion('mode', [AdoptedSpec, ManagedSpec], {
  error: 'must say mode: adopt or mode: managed',
})
export type MachineSpec = z.infer<typeof MachineSpec>
