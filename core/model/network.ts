import { z } from 'zod'
import { parseIpv4, parseIpv4Cidr, parseIpv4Range } from '../base/ipv4.ts'
import { Name } from './ids.ts'

/** A bridge with its address plan. */
const MAX_RESERVED = 64
const MAX_NAMESERVERS = 3

const checkedBy = (parse: (text: string) => { ok: true } | { ok: false; error: string }) =>
  z.string().superRefine((text, context) => {
    const parsed = parse(text)
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.error })
  })

export const Ipv4 = checkedBy(parseIpv4)
export const Ipv4Cidr = checkedBy(parseIpv4Cidr)
export const Ipv4Range = checkedBy(parseIpv4Range)

export const NetworkSpec = z.strictObject({
  site: Name,
  /** The Linux bridge on every host of the site, as in `vmbr0`. */
  bridge: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/, 'an interface name like vmbr0'),
  cidr: Ipv4Cidr,
  gateway: Ipv4,
  /** Ranges that no machine may take, by name; a cluster may put its VIP into one. */
  reserved: z
    .record(Name, Ipv4Range)
    .refine((entries) => Object.keys(entries).length <= MAX_RESERVED, `at most ${MAX_RESERVED} ranges`)
    .optional(),
  /** Defaults to the gateway. */
  nameservers: z.array(Ipv4).min(1).max(MAX_NAMESERVERS).optional(),
})
export type NetworkSpec = z.infer<typeof NetworkSpec>
