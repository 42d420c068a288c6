import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Lan } from './lan/lan.ts'
import type { ProxmoxHost } from './proxmox/host.ts'
import type { TalosGuests } from './talos/guest-runtime.ts'
import type { TalosNode } from './talos/node.ts'

/** Trouble by name. The same words serve tests in this process and whoever posts JSON to a running lab. */
export const FaultRequest = z.discriminatedUnion('kind', [
  /** The guest dies at once; the hypervisor shows it as stopped. */
  z.strictObject({ kind: z.literal('node.fail'), node: z.string().min(1) }),
  /** All addresses of a node are cut off, or healed again. */
  z.strictObject({
    kind: z.literal('node.cut'),
    node: z.string().min(1),
    how: z.enum(['refuse', 'black-hole', 'heal']),
  }),
  z.strictObject({ kind: z.literal('address.cut'), address: z.ipv4(), how: z.enum(['refuse', 'black-hole', 'heal']) }),
  /** New connections wait so many real milliseconds. */
  z.strictObject({ kind: z.literal('address.delay'), address: z.ipv4(), ms: z.int().min(0).max(60_000) }),
  /** Connections break now; of one address, or all. */
  z.strictObject({ kind: z.literal('connections.drop'), address: z.ipv4().optional() }),
  z.strictObject({ kind: z.literal('hypervisor.online'), online: z.boolean() }),
  /** The next calls that match are answered with an error, the work done or not; or their connection dies. */
  z.strictObject({
    kind: z.literal('hypervisor.call'),
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
])
export type FaultRequest = z.input<typeof FaultRequest>

export interface FaultTargets {
  readonly lan: Lan
  readonly hypervisor: ProxmoxHost
  readonly guests: TalosGuests
}

/** Makes the trouble. The error says what in the request makes no sense here. */
export async function makeTrouble(targets: FaultTargets, request: unknown): Promise<Result<undefined, string>> {
  const parsed = FaultRequest.safeParse(request)
  if (!parsed.success) return err(z.prettifyError(parsed.error))
  const fault = parsed.data
  const { lan, hypervisor } = targets
  switch (fault.kind) {
    case 'node.fail': {
      const node = findNode(targets, fault.node)
      if (!node) return err(`no node is called ${fault.node}`)
      await node.pullPlug()
      hypervisor.guestWentOff(node.uuid)
      return ok(undefined)
    }
    case 'node.cut': {
      const node = findNode(targets, fault.node)
      if (!node) return err(`no node is called ${fault.node}`)
      for (const address of node.links.flatMap((link) => link.addresses))
        lan.cut(address.split('/')[0] ?? address, fault.how === 'heal' ? undefined : fault.how)
      return ok(undefined)
    }
    case 'address.cut':
      lan.cut(fault.address, fault.how === 'heal' ? undefined : fault.how)
      return ok(undefined)
    case 'address.delay':
      lan.delay(fault.address, fault.ms)
      return ok(undefined)
    case 'connections.drop':
      lan.drop(fault.address)
      return ok(undefined)
    case 'hypervisor.online':
      hypervisor.setOnline(fault.online)
      return ok(undefined)
    case 'hypervisor.call': {
      const path = toPattern(fault.path)
      if (!path.ok) return path
      hypervisor.faults.add({ method: fault.method, path: path.value, times: fault.times, effect: fault.effect })
      return ok(undefined)
    }
  }
}

function toPattern(text: string): Result<RegExp, string> {
  try {
    return ok(new RegExp(text))
  } catch (error) {
    return err(`path is not a pattern: ${String(error)}`)
  }
}

const findNode = (targets: FaultTargets, name: string): TalosNode | undefined =>
  targets.guests.nodes().find((node) => node.on && [node.hostname, node.hardware.name, node.uuid].includes(name))
