import { z } from 'zod'
import { parseIpv4 } from '../base/ipv4.ts'
import { Mac, MAX_NICS } from './hardware.ts'
import { Name } from './ids.ts'
import { Ipv4 } from './network.ts'
import { NodeSettings } from './talos-settings.ts'

/** Machines of one kind that carry pods only: so many of them, or these. */
export const MAX_SET_MACHINES = 250
const MAX_ADDRESSES = MAX_NICS

const NicObject = z.strictObject({
  network: Name,
  /** Pool of the network out of which addresses are given; the rest of the network by default. */
  pool: Name.optional(),
  firewall: z.boolean().optional(),
  /** UDP tunnel offload to the guest; off by default, because it breaks VXLAN between hosts. */
  hostTunnel: z.boolean().optional(),
  /** Machine name → its MAC, for a DHCP server or a firewall that knows it; one is drawn for those that are not here. */
  macs: z
    .record(Name, Mac)
    .refine((macs) => Object.keys(macs).length <= MAX_SET_MACHINES, `at most ${MAX_SET_MACHINES} MACs`)
    .optional(),
})

/** A network, or a network with what is special about the card in it. */
export const NicChoice = z.union([Name, NicObject], {
  error: 'must be the name of a network, or a map that begins with network',
})
export const NicChoices = z
  .array(NicChoice)
  .min(1)
  .max(MAX_NICS)
  .refine(
    (nics) => new Set(nics.map((nic) => nicOf(nic).network)).size === nics.length,
    'a machine has one NIC in a network',
  )

export type NicOptions = z.infer<typeof NicObject>
export const nicOf = (nic: z.infer<typeof NicChoice>): NicOptions => (typeof nic === 'string' ? { network: nic } : nic)

/** The address on the node network, or one for each network named. */
const GivenAddresses = z
  .union([z.string(), z.record(Name, Ipv4)], { error: 'must be an address, or a map of network to address' })
  .superRefine((given, context) => {
    const parsed = typeof given === 'string' ? parseIpv4(given) : undefined
    if (parsed && !parsed.ok) context.addIssue({ code: 'custom', message: parsed.error })
    if (typeof given === 'object' && Object.keys(given).length > MAX_ADDRESSES)
      context.addIssue({ code: 'custom', message: `at most ${MAX_ADDRESSES} addresses` })
  })

export const WorkerSet = z
  .strictObject({
    class: Name,
    ...NodeSettings.shape,
    /** That many machines, called `<cluster>-<set>-0` and so on; the site gives them addresses. */
    count: z.int().min(0).max(MAX_SET_MACHINES).optional(),
    /** Machine name → its static address, or its addresses by network. */
    machines: z
      .record(Name, GivenAddresses)
      .refine(
        (machines) => Object.keys(machines).length <= MAX_SET_MACHINES,
        `a set has at most ${MAX_SET_MACHINES} machines`,
      )
      .optional(),
    /** The first one is the node network, which is all there is by default. */
    nics: NicChoices.optional(),
    /** A reservation of the hosts that these machines may use up. */
    drawFrom: Name.optional(),
  })
  .superRefine(({ count, machines }, context) => {
    if ((count === undefined) === (machines === undefined))
      context.addIssue({
        code: 'custom',
        path: [count === undefined ? 'count' : 'machines'],
        message: 'say either count or machines',
      })
  })
export type WorkerSet = z.infer<typeof WorkerSet>
