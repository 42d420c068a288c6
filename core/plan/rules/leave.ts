import { isHealthyMember, isMember, mayExist, openOperations, quorumOf } from '../ask.ts'
import { hold, wish, type Rule, type Situation, type Verdict } from '../rule.ts'
import type { MachineView } from '../view.ts'

/**
 * Takes machines out that the documents no longer ask for.
 *
 *   P1  At most one control-plane membership change is in flight per cluster.
 *   P2  A member leaves only if the healthy members that stay are a quorum of all that stay.
 *   P7  Nothing is deleted that we cannot prove is ours: the handler proves the UUID before it stops anything.
 *   P11 An unreachable node never blocks deletion for ever: the operation has deadlines and reports what is left.
 *
 * When the whole cluster goes there is no quorum to keep, and every machine leaves at once.
 */
export const leave: Rule = (situation) => {
  const { view, leaving } = situation
  let inFlight = situation.deleting ? undefined : joining(situation)
  return leaving.toSorted(sickFirst).flatMap((machine): readonly Verdict[] => {
    const open = openOperations(view, machine.machineId)
    const others = open.filter((operation) => operation.kind !== 'machine.remove')
    const bootstrapping = openOperations(view, view.cluster.uid).filter(
      (operation) => operation.kind === 'etcd.bootstrap' && view.bootstrap?.machineId === machine.machineId,
    )
    const inTheWay = [...others, ...bootstrapping]
    if (inTheWay.length > 0)
      return inTheWay.flatMap((operation): readonly Verdict[] => [
        ...(operation.cancelling ? [] : [{ type: 'cancel' as const, operationId: operation.operationId }]),
        hold('operation-running', machine.name, {
          operationId: operation.operationId,
          kind: operation.kind,
          ending: true,
        }),
      ])
    if (isGone(situation, machine)) return [{ type: 'forget', machineId: machine.machineId }]

    const member = machine.role === 'controlplane' && isMember(machine)
    if (!situation.deleting && member && open.length === 0) {
      if (inFlight) return [hold('membership-change-in-flight', machine.name, { machine: inFlight })]
      const risk = quorumRisk(situation, machine)
      if (risk) return [hold('etcd-quorum-at-risk', machine.name, { machineId: machine.machineId, ...risk })]
    }
    if (member) inFlight ??= machine.name
    return [removal(situation, machine)]
  })
}

/** A sick member goes first: its leaving can only help the quorum. */
const sickFirst = (a: MachineView, b: MachineView): number =>
  Number(isHealthyMember(a)) - Number(isHealthyMember(b)) || (a.name < b.name ? -1 : 1)

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

function quorumRisk(
  { view }: Situation,
  leaver: MachineView,
): { healthyCount: number; memberCount: number } | undefined {
  const staying = view.machines.filter((machine) => machine !== leaver && isMember(machine))
  const healthyCount = staying.filter(isHealthyMember).length
  return healthyCount < quorumOf(staying.length) || staying.length === 0
    ? { healthyCount, memberCount: staying.length }
    : undefined
}

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
    mac: placement.mac,
    storage: placement.storage,
    ...(view.secretsVersion > 0 ? { secretsVersion: view.secretsVersion } : {}),
    vip: documents.cluster.spec.endpoint.vip,
    peers: staying.map(({ machineId, name, address }) => ({ machineId, name, address })),
  })
}
