import { isHealthyMember, isMember, isReady, mayBeMember, mayExist, openOperations, quorumRisk } from '../ask.ts'
import { toDrainOrder } from '../../model/drain.ts'
import { isRestarting } from '../disruption.ts'
import type { Operation } from '../../model/operation.ts'
import { hold, wish, type Rule, type Situation, type Verdict } from '../rule.ts'
import type { MachineView } from '../view.ts'

/**
 * Takes machines out that the documents no longer ask for.
 *
 *   P1  At most one control-plane membership change is in flight per cluster.
 *   P2  A member leaves only if the healthy members that stay are a quorum of all that stay.
 *   P3  etcd is bootstrapped on one node only: that one stays until others carry etcd, even if it is not wanted any more.
 *   P4  A worker that works leaves only while no other node is away: one at a time, control planes first.
 *   P7  Nothing is deleted that we cannot prove is ours: the handler proves the UUID before it stops anything.
 *   P11 An unreachable node never blocks deletion for ever: the operation has deadlines and reports what is left.
 *
 * When the whole cluster goes there is no quorum to keep, and every machine leaves at once.
 */
export const leave: Rule = (situation) => {
  const { view, leaving } = situation
  let inFlight = situation.deleting ? undefined : (joining(situation) ?? goingOut(situation) ?? restarting(situation))
  let slotTakenBy = situation.deleting ? undefined : awayNode(situation)
  return leaving.toSorted(sickFirst).flatMap((machine): readonly Verdict[] => {
    const open = openOperations(view, machine.machineId)
    const others = open.filter((operation) => operation.kind !== 'machine.remove')
    const bootstrapping = openOperations(view, view.cluster.uid).filter(
      (operation) => operation.kind === 'etcd.bootstrap' && view.bootstrap?.machineId === machine.machineId,
    )
    // With its whole cluster a machine need not be drained first, and nobody waits for one that is.
    const polite = situation.deleting ? open.filter(isPoliteRemoval) : []
    const inTheWay = [...others, ...bootstrapping, ...polite]
    if (inTheWay.length > 0)
      return inTheWay.flatMap((operation): readonly Verdict[] => {
        // Nobody else may start etcd, so its start is waited for, unless there is to be no cluster at all.
        const ending = situation.deleting || operation.kind !== 'etcd.bootstrap'
        const { operationId, kind, cancelling } = operation
        return [
          ...(ending && !cancelling ? [{ type: 'cancel' as const, operationId }] : []),
          hold('operation-running', machine.name, { operationId, kind, ending }),
        ]
      })
    if (isGone(situation, machine)) return [{ type: 'forget', machineId: machine.machineId }]

    const member = machine.role === 'controlplane' && mayBeMember(view, machine)
    if (!situation.deleting && member && open.length === 0) {
      if (inFlight) return [hold('membership-change-in-flight', machine.name, { machine: inFlight })]
      const risk = quorumRisk(view, machine)
      if (risk) return [hold('etcd-quorum-at-risk', machine.name, { machineId: machine.machineId, ...risk })]
    }
    if (member) inFlight ??= machine.name
    if (!situation.deleting && machine.role === 'worker' && isReady(machine) && open.length === 0) {
      if (slotTakenBy !== undefined) return [hold('disruption-in-flight', machine.name, { machine: slotTakenBy })]
    }
    if (isReady(machine)) slotTakenBy ??= machine.name
    return [removal(situation, machine)]
  })
}

/** A sick member goes first: its leaving can only help the quorum. Workers follow when control planes are done. */
const sickFirst = (a: MachineView, b: MachineView): number =>
  Number(a.role === 'worker') - Number(b.role === 'worker') ||
  Number(isHealthyMember(a)) - Number(isHealthyMember(b)) ||
  (a.name < b.name ? -1 : 1)

/** Proven absent, given up by a person, or never asked for at all. */
function isGone({ view }: Situation, machine: MachineView): boolean {
  const removals = view.operations.filter(
    (operation) => operation.kind === 'machine.remove' && operation.subject === machine.machineId,
  )
  if (removals.some((operation) => operation.state === 'succeeded' || operation.decision === 'abandon')) return true
  return removals.length === 0 && !mayExist(view, machine)
}

/** Someone who is still on the way in. */
function joining({ view, wanted }: Situation): string | undefined {
  return view.bootstrap && wanted.find((machine) => machine.seen?.etcd?.learner === true)?.name
}

/** Someone who is on the way out. */
function goingOut({ view, leaving }: Situation): string | undefined {
  return leaving.find(
    (machine) => mayBeMember(view, machine) && openOperations(view, machine.machineId).some(isRemoval),
  )?.name
}

/** A member that is away for a moment counts as one that is not healthy, before it is seen to be. */
function restarting({ view, wanted }: Situation): string | undefined {
  return wanted.find((machine) => mayBeMember(view, machine) && isRestarting(view, machine))?.name
}

/** A node that carries pods when all is well, and does not now; or one that is on its way out. */
function awayNode({ view, wanted, leaving }: Situation): string | undefined {
  const away = wanted.find(
    (machine) => isRestarting(view, machine) || (machine.seen?.intentHash !== undefined && !isReady(machine)),
  )
  return (away ?? leaving.find((machine) => openOperations(view, machine.machineId).some(isRemoval)))?.name
}

const isRemoval = (operation: Operation): operation is Operation<'machine.remove'> =>
  operation.kind === 'machine.remove'
/** It leaves members that stay. */
const isPoliteRemoval = (operation: Operation): boolean => isRemoval(operation) && operation.input.peers.length > 0

function removal({ view, documents, deleting }: Situation, machine: MachineView): Verdict {
  const placement = machine.placement
  if (!placement) return { type: 'forget', machineId: machine.machineId }
  const staying = deleting ? [] : view.machines.filter((other) => other.wanted && isMember(other))
  return wish('machine.remove', machine.machineId, machine.name, {
    machineId: machine.machineId,
    name: machine.name,
    host: placement.host,
    vmid: placement.vmid,
    clusterUid: documents.cluster.uid,
    address: machine.address,
    role: machine.role,
    mac: placement.nics[0]!.mac,
    ...(view.secretsVersion > 0 ? { secretsVersion: view.secretsVersion } : {}),
    vip: documents.cluster.spec.endpoint.vip,
    peers: staying.map(({ machineId, name, address }) => ({ machineId, name, address })),
    ...(staying.length > 0 ? { drain: toDrainOrder(documents.cluster.spec.drain) } : {}),
  })
}
