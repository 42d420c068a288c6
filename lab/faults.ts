import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { troubleGuest } from './faults/guests.ts'
import { troubleHypervisor } from './faults/hypervisors.ts'
import { FaultRequest, type FaultOf } from './faults/requests.ts'
import { troubleStorage } from './faults/storages.ts'
import type { Lan } from './lan/lan.ts'
import type { ProxmoxHost } from './proxmox/host.ts'
import type { TalosGuests } from './talos/guest-runtime.ts'
import type { TalosNode } from './talos/node.ts'

export type { FaultRequest } from './faults/requests.ts'

export interface FaultTargets {
  readonly lan: Lan
  readonly hypervisors: readonly ProxmoxHost[]
  readonly guests: TalosGuests
}

/** Makes the trouble. The error says what in the request makes no sense here. */
export async function makeTrouble(targets: FaultTargets, request: unknown): Promise<Result<undefined, string>> {
  const parsed = FaultRequest.safeParse(request)
  if (!parsed.success) return err(z.prettifyError(parsed.error))
  const fault = parsed.data
  const { lan, hypervisors } = targets
  switch (fault.kind) {
    case 'node.fail':
    case 'node.cut':
      return troubleNode(targets, fault)
    case 'address.cut':
      lan.cut(fault.address, fault.how === 'heal' ? undefined : fault.how)
      return ok(undefined)
    case 'address.delay':
      lan.delay(fault.address, fault.ms)
      return ok(undefined)
    case 'connections.drop':
      lan.drop(fault.address)
      return ok(undefined)
    case 'guest.move':
    case 'guest.vanish':
    case 'guest.recycle':
    case 'guest.restore-beside':
    case 'guest.edit':
    case 'guest.lock':
      return troubleGuest(hypervisors, fault)
    case 'storage.slow':
    case 'storage.fill':
    case 'storage.offline':
    case 'storage.lock':
      return troubleStorage(hypervisors, fault)
    default:
      return troubleHypervisor(hypervisors, fault)
  }
}

async function troubleNode(targets: FaultTargets, fault: FaultOf<'node'>): Promise<Result<undefined, string>> {
  const node = findNode(targets, fault.node)
  if (!node) return err(`no node is called ${fault.node}`)
  if (fault.kind === 'node.fail') {
    await node.pullPlug()
    for (const hypervisor of targets.hypervisors) hypervisor.guestWentOff(node.uuid)
    return ok(undefined)
  }
  for (const address of node.links.flatMap((link) => link.addresses))
    targets.lan.cut(address.split('/')[0] ?? address, fault.how === 'heal' ? undefined : fault.how)
  return ok(undefined)
}

const findNode = (targets: FaultTargets, name: string): TalosNode | undefined =>
  targets.guests.nodes().find((node) => node.on && [node.hostname, node.hardware.name, node.uuid].includes(name))
