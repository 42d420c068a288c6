import { z } from 'zod'
import { parseIpv4, parseIpv4Cidr, parseIpv4Range } from '../base/ipv4.ts'
import { Addressing } from './hardware.ts'
import { Name } from './ids.ts'

/** A bridge with its address plan. */
const MAX_RESERVED = 64
const MAX_POOLS = 32
const MAX_NAMESERVERS = 3
/** The least that IPv6 needs, and the most that a virtual NIC takes. */
const MIN_MTU = 1280
const MAX_MTU = 65_520
const MAX_VLAN = 4094

const checkedBy = (parse: (text: string) => { ok: true } | { ok: false; error: string }) =>
  z.string().superRefine((text, context) => {
    const parsed = parse(text)
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.error })
  })

export const Ipv4 = checkedBy(parseIpv4)
export const Ipv4Cidr = checkedBy(parseIpv4Cidr)
export const Ipv4Range = checkedBy(parseIpv4Range)

const rangesByName = (limit: number) =>
  z.record(Name, Ipv4Range).refine((entries) => Object.keys(entries).length <= limit, `at most ${limit} ranges`)

export const NetworkSpec = z
  .strictObject({
    site: Name,
    /** The Linux bridge on every host of the site, as in `vmbr0`. */
    bridge: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/, 'an interface name like vmbr0'),
    /** The bridge tags the frames of its machines; the machines know nothing of it. */
    vlan: z.int().min(1).max(MAX_VLAN).optional(),
    /** Of the NICs of machines; that of the bridge by default. */
    mtu: z.int().min(MIN_MTU).max(MAX_MTU).optional(),
    cidr: Ipv4Cidr,
    gateway: Ipv4.optional(),
    /**
     * How machines learn their address here before they have a configuration; by the drive that Proxmox writes when
     * nothing is said. With `dhcp` an address that a document names is one that the DHCP server keeps for that machine.
     */
    addressing: Addressing.optional(),
    /** Nothing leaves it: it has no gateway, and no cluster has its nodes on it. */
    isolated: z.boolean().optional(),
    /** Ranges that no machine may take, by name; a cluster may put its VIP into one. */
    reserved: rangesByName(MAX_RESERVED).optional(),
    /** Ranges for those who name them, by name; nobody else gets an address of them. */
    pools: rangesByName(MAX_POOLS).optional(),
    /** Defaults to the gateway. */
    nameservers: z.array(Ipv4).min(1).max(MAX_NAMESERVERS).optional(),
  })
  .superRefine(({ isolated = false, gateway, nameservers }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message })
    if (isolated && gateway !== undefined) refuse('gateway', 'an isolated network has no gateway')
    if (isolated && nameservers !== undefined) refuse('nameservers', 'machines ask those of their node network')
    if (!isolated && gateway === undefined) refuse('gateway', 'name the gateway, or say isolated: true')
  })
export type NetworkSpec = z.infer<typeof NetworkSpec>
