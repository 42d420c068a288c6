import { isHealthyMember, isMember, isReady, mayBeMember, openOperations, quorumOf } from './ask.ts'
import type { Situation } from './rule.ts'
import type { ClusterView, MachineView } from './view.ts'

/**
 * The one slot in which a cluster may be disturbed, and what etcd can bear (P2, P4). Whoever restarts a machine asks here
 * first; what has to be done to a node before it goes away is the business of the operation that takes it away.
 */

/** Another machine that is away, on its way in or out, or being restarted; undefined when `machine` may be disturbed. */
export function slotTakenBy(situation: Situation, machine: MachineView): string | undefined {
  const { view, wanted, leaving } = situation
  const others = wanted.filter((other) => other !== machine)
  const away = others.find(
    (other) => isRestarting(view, other) || isJoining(other) || (isConfigured(other) && !isReady(other)),
  )
  if (away) return away.name
  // A member that joins or leaves changes what a quorum is.
  return leaving.find((other) => isConfigured(other) || isMember(other))?.name
}

const isConfigured = ({ seen }: MachineView): boolean => seen?.intentHash !== undefined

/** A control plane that is up and about to be configured: it changes what a quorum is. */
const isJoining = (machine: MachineView): boolean =>
  machine.role === 'controlplane' && machine.seen?.power === 'on' && !isConfigured(machine)

/** An operation that may power cycle the machine is under way. */
export const isRestarting = (view: ClusterView, machine: MachineView): boolean =>
  openOperations(view, machine.machineId).some(
    ({ kind, input }) => kind === 'machine.resize' && 'restart' in input && input.restart !== 'never',
  )

/**
 * Too few healthy members while this one is away; it comes back, so it counts as one of them. The only control plane of a
 * cluster has nobody to wait for: the API is away with it, and the plan says so.
 */
export function restartRisk(
  view: ClusterView,
  machine: MachineView,
): { readonly healthyCount: number; readonly memberCount: number } | undefined {
  if (machine.role === 'worker' || !mayBeMember(view, machine)) return undefined
  const others = view.machines.filter((other) => other !== machine && mayBeMember(view, other))
  const healthyCount = others.filter(isHealthyMember).length
  const memberCount = others.length + 1
  return others.length === 0 || healthyCount >= quorumOf(memberCount) ? undefined : { healthyCount, memberCount }
}
