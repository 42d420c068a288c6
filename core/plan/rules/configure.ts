import { isHealthyMember, isMember, openOperations, quorumRisk } from '../ask.ts'
import { isRestarting } from '../disruption.ts'
import type { ConfigIntent } from '../../model/operation.ts'
import { addressOf } from '../../model/placement.ts'
import { intentFor, intentHash } from '../intent.ts'
import { hold, wish, type Rule, type Situation, type Verdict } from '../rule.ts'
import type { MachineView } from '../view.ts'

/**
 * Gives each running machine its configuration.
 *
 *   P1  At most one control-plane membership change is in flight per cluster.
 *
 * The machines a cluster is born with join in any order: etcd itself admits one learner at a time, and there is no
 * quorum to lose yet. Whoever comes later waits until every member is healthy and nobody is leaving.
 */
export const configure: Rule = (situation) => {
  if (situation.deleting) return []
  let inFlight = changeInFlight(situation)
  return situation.wanted.flatMap((machine): readonly Verdict[] => {
    const { view } = situation
    const intent = intentToApply(situation, machine)
    if (!intent) return []
    if (view.secretsVersion === 0) return [hold('waiting-for-machine', machine.name, { waitsFor: 'secrets' })]
    if (machine.role === 'worker') return [configureWorker(situation, machine, intent)]
    const later = view.bootstrap && !view.bootstrap.founders.includes(machine.machineId)
    if (later && inFlight && openOperations(view, machine.machineId).length === 0)
      return [hold('membership-change-in-flight', machine.name, { machine: inFlight })]
    if (later) inFlight ??= machine.name
    return [configuration(situation, machine, intent)]
  })
}

/**
 * A worker speaks only with a certificate that a control plane gives it, at the VIP: until one is a member of etcd, the
 * agent would wait for it in vain and keep others from being configured.
 */
function configureWorker(situation: Situation, machine: MachineView, intent: ConfigIntent): Verdict {
  return situation.view.machines.some(isHealthyMember)
    ? configuration(situation, machine, intent)
    : hold('waiting-for-bootstrap', machine.name, { waitsFor: 'a healthy control plane' })
}

function configuration({ view, documents }: Situation, machine: MachineView, intent: ConfigIntent): Verdict {
  return wish('machine.configure', machine.machineId, machine.name, {
    machineId: machine.machineId,
    name: machine.name,
    clusterUid: documents.cluster.uid,
    ...whereabouts(machine),
    secretsVersion: view.secretsVersion,
    intent,
    intentHash: intentHash(intent),
  })
}

/** An address that was found once may be another one by now, so that the machine is asked again. */
function whereabouts({ address, placement }: MachineView) {
  const given = placement ? addressOf(placement) : address
  if (given !== '' || !placement) return { address: given }
  return { address: given, place: { host: placement.host, vmid: placement.vmid } }
}

/** A machine whose own intent was confirmed needs nothing; neither does one whose birth can no longer be changed. */
function intentToApply(
  { view, documents, asked, contract }: Situation,
  machine: MachineView,
): ConfigIntent | undefined {
  const now = asked.get(machine.name)
  if (!now || !machine.placement || machine.seen?.power !== 'on') return undefined
  if (machine.seen.intentHash !== undefined && view.bootstrap) return undefined
  const intent = intentFor(machine, now, documents, contract)
  return machine.seen.intentHash === intentHash(intent) ? undefined : intent
}

/** The name of a machine that is joining or leaving etcd right now. */
function changeInFlight({ view, wanted, leaving }: Situation): string | undefined {
  if (!view.bootstrap) return undefined
  const unsettled = wanted.find((machine) => {
    if (machine.role !== 'controlplane' || isHealthyMember(machine)) return false
    const configuring = openOperations(view, machine.machineId).some(
      (operation) => operation.kind === 'machine.configure',
    )
    return (
      isMember(machine) ||
      machine.seen?.intentHash !== undefined ||
      configuring ||
      view.bootstrap!.founders.includes(machine.machineId)
    )
  })
  if (unsettled) return unsettled.name
  const restarting = wanted.find((machine) => isMember(machine) && isRestarting(view, machine))
  if (restarting) return restarting.name
  // One that may not go before somebody has come is not on its way out.
  return leaving.find((machine) => machine.role === 'controlplane' && isMember(machine) && !quorumRisk(view, machine))
    ?.name
}
