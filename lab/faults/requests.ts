import { z } from 'zod'

/** Trouble by name. The same words serve tests in this process and whoever posts JSON to a running lab. */
const NAME = z.string().min(1).max(100)
/** Every hypervisor when not given. */
const HOST = NAME.optional()
const CUT = z.enum(['refuse', 'black-hole', 'heal'])

const nodeFaults = [
  /** The guest dies at once; the hypervisor shows it as stopped. */
  z.strictObject({ kind: z.literal('node.fail'), node: NAME }),
  /** All addresses of a node are cut off, or healed again. */
  z.strictObject({ kind: z.literal('node.cut'), node: NAME, how: CUT }),
] as const

const lanFaults = [
  z.strictObject({ kind: z.literal('address.cut'), address: z.ipv4(), how: CUT }),
  /** New connections wait so many real milliseconds. */
  z.strictObject({ kind: z.literal('address.delay'), address: z.ipv4(), ms: z.int().min(0).max(60_000) }),
  /** Connections break now; of one address, or all. */
  z.strictObject({ kind: z.literal('connections.drop'), address: z.ipv4().optional() }),
] as const

const hypervisorFaults = [
  z.strictObject({ kind: z.literal('hypervisor.online'), host: HOST, online: z.boolean() }),
  /** The power fails: guests off, tasks dead, nobody answers until it is online again. */
  z.strictObject({ kind: z.literal('hypervisor.crash'), host: NAME }),
  /** A new certificate of the same authority. */
  z.strictObject({ kind: z.literal('hypervisor.certificate'), host: HOST }),
  /** The next calls that match are answered with an error, the work done or not; or their connection dies. */
  z.strictObject({
    kind: z.literal('hypervisor.call'),
    host: HOST,
    method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
    path: z.string().min(1).max(200),
    times: z.int().min(1).max(1_000).default(1),
    effect: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('answer'),
        status: z.int().min(400).max(599),
        reason: z.string(),
        workHappens: z.boolean().default(false),
      }),
      z.strictObject({ kind: z.literal('connection-lost'), workHappens: z.boolean() }),
      z.strictObject({ kind: z.literal('task-dies'), afterMs: z.number().min(0) }),
    ]),
  }),
  /** One call in so many goes wrong, drawn by a seed; 0 is fine weather. */
  z.strictObject({
    kind: z.literal('hypervisor.weather'),
    host: HOST,
    seed: z.int(),
    oneIn: z.int().min(0).max(1_000_000),
  }),
  /** The hosts of a cluster do not see each other: nothing can be written. */
  z.strictObject({ kind: z.literal('cluster.quorum'), host: HOST, lost: z.boolean() }),
  /** The agent's token is too old from now on, or good again. */
  z.strictObject({ kind: z.literal('token.expire'), token: NAME, expired: z.boolean() }),
] as const

const guestFaults = [
  /** Somebody else migrated the guest. */
  z.strictObject({ kind: z.literal('guest.move'), guest: NAME, host: NAME }),
  /** Somebody deleted the guest. */
  z.strictObject({ kind: z.literal('guest.vanish'), guest: NAME }),
  /** Somebody deleted the guest and gave its id to another one. */
  z.strictObject({ kind: z.literal('guest.recycle'), guest: NAME, name: NAME.default('foreign') }),
  /** A backup was restored beside the guest, with the same SMBIOS UUID. */
  z.strictObject({ kind: z.literal('guest.restore-beside'), guest: NAME, vmid: z.int().min(100).max(999_999_999) }),
  /** Somebody changed the configuration by hand; null removes a key. */
  z.strictObject({
    kind: z.literal('guest.edit'),
    guest: NAME,
    set: z.record(NAME, z.string().max(8_192).nullable()),
  }),
  /** A lock that a backup left behind; null clears it, as root may. */
  z.strictObject({ kind: z.literal('guest.lock'), guest: NAME, lock: NAME.nullable() }),
] as const

const storageFaults = [
  /** Every call that looks at the storage takes so many lab milliseconds more. */
  z.strictObject({ kind: z.literal('storage.slow'), host: HOST, storage: NAME, ms: z.number().min(0).max(600_000) }),
  /** Filled by something else until this much is free. */
  z.strictObject({ kind: z.literal('storage.fill'), host: HOST, storage: NAME, freeMiB: z.number().min(0) }),
  z.strictObject({ kind: z.literal('storage.offline'), host: HOST, storage: NAME, offline: z.boolean() }),
  /** Its allocation lock is held by somebody else for so many lab milliseconds. */
  z.strictObject({ kind: z.literal('storage.lock'), host: HOST, storage: NAME, ms: z.number().min(1).max(600_000) }),
] as const

export const FaultRequest = z.discriminatedUnion('kind', [
  ...nodeFaults,
  ...lanFaults,
  ...hypervisorFaults,
  ...guestFaults,
  ...storageFaults,
])
export type FaultRequest = z.input<typeof FaultRequest>
export type Fault = z.output<typeof FaultRequest>
export type FaultOf<Prefix extends string> = Extract<Fault, { readonly kind: `${Prefix}.${string}` }>
