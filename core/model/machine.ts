import { z } from 'zod'
import { MAX_DEVICES, MAX_NICS } from './hardware.ts'
import { Name } from './ids.ts'
import { Ipv4 } from './network.ts'
import { Quantity } from './quantity.ts'

/**
 * A guest that is no Kubernetes node: a NAS, a router. Today it is one that somebody else made and keeps (`adopt`): it
 * is counted, its addresses and devices are nobody else's, and nothing is ever done to it.
 */
const MIN_VMID = 100
const MAX_VMID = 999_999_999

export const MachineSpec = z.strictObject({
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
export type MachineSpec = z.infer<typeof MachineSpec>
