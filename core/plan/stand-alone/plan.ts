import { isOpen } from '../../model/operation.ts'
import { mayExist, openOperations } from '../ask.ts'
import { addressingOf, hardwareFor } from '../hardware.ts'
import type { Plan, PlannedOperation } from '../plan-type.ts'
import { forgetAll, holdsOf, SAFETY_LOOK_MS } from '../plan.ts'
import { hold, wish, type Verdict } from '../rule.ts'
import { maintenanceLocks } from '../rules/locks.ts'
import type { MachineView } from '../view.ts'
import { decide } from '../wish.ts'
import { askedOf, completeStandAlone, missingOf, type StandAloneDocuments, type StandAloneView } from './view.ts'

/**
 * The policy for a machine that is no node: it is made once it has a place, started whenever it is off, and removed when
 * its document goes. The same operations as those of clusters, without anything that Talos or Kubernetes would need.
 *
 *   P7   Nothing is started or deleted that we cannot prove is ours: the handlers prove the UUID first.
 *   P8   While a person holds the maintenance lock, nothing new is recorded.
 *   P11  What does not answer never blocks its deletion for ever: the operations have deadlines.
 */
export function planStandAlone(view: StandAloneView): Plan {
  if (view.machine.forgottenAt !== undefined) return forgetAll(view)
  const mayAct = view.agent.online && view.seenAt !== undefined && maintenanceLocks(view).length === 0
  const operations: PlannedOperation[] = []
  const settled: Verdict[] = []
  for (const verdict of verdictsOf(view)) {
    if (verdict.type !== 'do') settled.push(verdict)
    else if (mayAct) {
      const decided = decide(verdict, view)
      if ('instead' in decided) settled.push(...decided.instead)
      else operations.push(decided.record)
    }
  }
  const forget = settled.flatMap((verdict) => (verdict.type === 'forget' ? [verdict.machineId] : []))
  const times = [
    ...(forget.length > 0 && view.machine.deletingAt === undefined ? [view.now] : []),
    ...settled.flatMap((verdict) => (verdict.type === 'look-again' ? [verdict.at] : [])),
    ...(view.agent.online && view.operations.some(({ state }) => isOpen(state)) ? [view.now + SAFETY_LOOK_MS] : []),
  ]
  return {
    operations,
    cancel: settled.flatMap((verdict) => (verdict.type === 'cancel' ? [verdict.operationId] : [])),
    forget,
    holds: holdsOf(settled, view),
    findings: view.placementFindings,
    ...(times.length === 0 ? {} : { lookAgainAt: Math.min(...times) }),
  }
}

function verdictsOf(view: StandAloneView): readonly Verdict[] {
  const documents = completeStandAlone(view)
  const { name } = view.machine.metadata
  const deleting = view.machine.deletingAt !== undefined
  return [
    ...waitingFor(view),
    ...view.machines.filter((machine) => deleting || !machine.wanted).flatMap((machine) => leaving(view, machine)),
    ...(deleting ? [] : missingOf(view).map((missing) => hold('reference-missing', name, { missing }))),
    ...(deleting || !documents
      ? []
      : view.machines.filter(({ wanted }) => wanted).flatMap((machine) => keeping(view, machine, documents))),
  ]
}

/** Why nothing can be done at all. */
function waitingFor(view: StandAloneView): readonly Verdict[] {
  const { site } = view.machine.spec
  const locked = maintenanceLocks(view).map(({ name, holder, reason }) =>
    hold('locked', view.machine.metadata.name, { lock: name, holder, reason }),
  )
  if (!view.agent.online)
    return [...locked, hold('agent-offline', site, { site, lastSeenAt: view.agent.since ?? null })]
  return view.seenAt === undefined ? [...locked, hold('site-unseen', site, { site })] : locked
}

/** Not yet observed counts as absent: the handler looks by UUID before it makes anything. */
function keeping(view: StandAloneView, machine: MachineView, documents: StandAloneDocuments): readonly Verdict[] {
  const { machineId, name, placement, refusal, seen } = machine
  // An earlier incarnation that was never finished goes first: it may hold the address or the devices.
  if (view.machines.some((other) => other !== machine && !other.wanted))
    return [hold('waiting-for-machine', name, { waitsFor: 'the earlier machine of that name to be gone' })]
  if (!placement)
    return view.seenAt === undefined
      ? []
      : [hold('not-placed', name, refusal ? { problem: refusal.code, ...refusal.facts } : {})]
  switch (seen?.power ?? 'absent') {
    case 'on':
      return []
    case 'off':
      return [wish('machine.start', machineId, name, { machineId, name, host: placement.host, vmid: placement.vmid })]
    case 'unknown':
      return openOperations(view, machineId).length > 0
        ? []
        : [hold('machine-unclear', name, machine.unclear ?? { machineId })]
    case 'absent':
      return [wish('machine.create', machineId, name, creationOf(machine, documents))]
  }
}

function creationOf({ machineId, name, placement }: MachineView, documents: StandAloneDocuments) {
  const { machine, networks } = documents
  const { boot, guestAgent, nics } = machine.spec
  const { gateway, nameservers } = networks[nics[0]!.network]!.spec
  return {
    machineId,
    name,
    host: placement!.host,
    vmid: placement!.vmid,
    clusterUid: machine.uid,
    clusterName: name,
    // No Talos is on it: what its owner brings along is named by its volume.
    talosVersion: '',
    schematicId: '',
    guestAgent: guestAgent ?? false,
    hardware: hardwareFor(placement!, askedOf(machine), documents),
    boot: { by: 'volume' as const, ...boot },
    addressing: addressingOf(askedOf(machine), documents),
    nameservers: nameservers ?? (gateway === undefined ? [] : [gateway]),
  }
}

function leaving(view: StandAloneView, machine: MachineView): readonly Verdict[] {
  const { machineId, name, placement } = machine
  const others = openOperations(view, machineId).filter(({ kind }) => kind !== 'machine.remove')
  if (others.length > 0)
    return others.flatMap(({ operationId, kind, cancelling }): readonly Verdict[] => [
      ...(cancelling ? [] : [{ type: 'cancel' as const, operationId }]),
      hold('operation-running', name, { operationId, kind, ending: true }),
    ])
  const removals = view.operations.filter(({ kind, subject }) => kind === 'machine.remove' && subject === machineId)
  const gone = removals.some(({ state, decision }) => state === 'succeeded' || decision === 'abandon')
  if (!placement || gone || (removals.length === 0 && !mayExist(view, machine))) return [{ type: 'forget', machineId }]
  return [
    wish('machine.remove', machineId, name, {
      machineId,
      name,
      host: placement.host,
      vmid: placement.vmid,
      clusterUid: view.machine.uid,
      // It is no member of anything: the guest goes, and nobody is told.
      role: 'worker',
      address: '',
      mac: placement.nics[0]!.mac,
      vip: '',
      peers: [],
    }),
  ]
}
