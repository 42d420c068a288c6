import { isOpen } from '#core/model/operation.ts'
import { isHealthyMember, isMember, isReady, quorumOf } from '#core/plan/ask.ts'
import type { Plan } from '#core/plan/plan-type.ts'
import type { Placement } from '#core/model/placement.ts'
import { hostCapacity } from '#core/placement/capacity.ts'
import type { World } from './plan-world.ts'

/** What is handed out once only. */
export const UNIQUE: Readonly<Record<string, (placement: Placement) => readonly (string | number)[]>> = {
  vmid: ({ vmid }) => [vmid],
  machineId: ({ machineId }) => [machineId],
  mac: ({ nics }) => nics.map(({ mac }) => mac),
  address: ({ nics }) => nics.map(({ address }) => address),
}

const restarts = ({ kind, input }: Plan['operations'][number]): boolean =>
  kind === 'machine.resize' && 'restart' in input && input.restart !== 'never'

/** What no plan may ever do, whatever the view. */
export function checkInvariants(world: World, next: Plan): void {
  const view = world.view()
  const fail = (rule: string, text: string): never => {
    throw new Error(`[${rule}] ${text}`)
  }
  const deleting = view.cluster.deletingAt !== undefined
  const removing = [...next.operations, ...world.operations.filter((operation) => isOpen(operation.state))].filter(
    (o) => o.kind === 'machine.remove',
  )
  const leavers = view.machines.filter(
    (machine) => isMember(machine) && removing.some((operation) => operation.subject === machine.machineId),
  )
  const workers = view.machines.filter(
    (machine) =>
      machine.role === 'worker' &&
      isReady(machine) &&
      removing.some((operation) => operation.subject === machine.machineId),
  )
  if (!deleting && workers.length > 1) fail('P4', `${workers.map((machine) => machine.name).join(', ')} leave at once`)
  if (!deleting && leavers.length > 1) fail('P1', `${leavers.map((machine) => machine.name).join(', ')} leave at once`)
  for (const machine of view.machines.filter(
    (m) => isMember(m) && next.operations.some((o) => o.kind === 'machine.remove' && o.subject === m.machineId),
  )) {
    const staying = view.machines.filter((other) => other !== machine && isMember(other))
    if (!deleting && staying.filter(isHealthyMember).length < quorumOf(staying.length))
      fail('P2', `${machine.name} costs etcd its quorum`)
  }
  const restarting = [...next.operations, ...world.operations.filter(({ state }) => isOpen(state))].filter(restarts)
  if (restarting.length > 1) fail('P4', 'two machines are restarted at once')
  for (const { subject } of next.operations.filter(restarts)) {
    const others = view.machines.filter((machine) => machine.machineId !== subject)
    const away = others.find((machine) => machine.seen?.intentHash !== undefined && !isReady(machine))
    if (away) fail('P4', `a machine is restarted while ${away.name} is away`)
    const members = others.filter(
      (machine) => machine.seen?.intentHash !== undefined && machine.role === 'controlplane',
    )
    if (members.length > 0 && members.filter(isHealthyMember).length < quorumOf(members.length + 1))
      fail('P2', 'a restart costs etcd its quorum')
  }
  const bootstraps = next.operations.filter((operation) => operation.kind === 'etcd.bootstrap')
  for (const operation of bootstraps) {
    const { machineId } = operation.input as { machineId: string }
    if (world.bootstrap && world.bootstrap.machineId !== machineId) fail('P3', 'another node is asked to bootstrap')
  }
  if (world.bootstrapCount > 1) fail('P3', 'etcd was bootstrapped twice')
  const keys = world.operations.filter((operation) => isOpen(operation.state)).map((operation) => operation.key)
  for (const operation of next.operations)
    if (keys.includes(operation.key)) fail('O1', `${operation.kind} recorded twice`)
  for (const [what, of] of Object.entries(UNIQUE))
    if (new Set(world.placements.flatMap(of)).size < world.placements.flatMap(of).length)
      fail('P6', `${what} handed out twice`)
  for (const host of world.ledger().site.hosts) {
    const capacity = hostCapacity(host, world.ledger())
    if (capacity && (capacity.memoryMiB.free < 0 || capacity.cpu.free < 0)) fail('P5', `${host.name} is promised twice`)
  }
  for (const operation of next.operations)
    if (operation.kind !== 'machine.remove' && deleting)
      fail('P7', `${operation.kind} on a cluster that is being deleted`)
}
