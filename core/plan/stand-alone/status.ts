import { isOpen } from '../../model/operation.ts'
import type { ClusterPhase, ClusterStatus, MachinePhase, MachineStatus } from '../../model/status.ts'
import { succeeded } from '../ask.ts'
import type { Plan } from '../plan-type.ts'
import type { MachineView } from '../view.ts'
import type { StandAloneView } from './view.ts'

/**
 * The status of a machine that is no node, in the shape that clusters have theirs, so that the same columns and followers
 * show it. It is `ready` while it runs, and `bootstrapped` once it was made: from then on it is what it is.
 */
export function standAloneStatus(view: StandAloneView, plan: Plan): ClusterStatus {
  const machines = view.machines.filter(({ machineId }) => !plan.forget.includes(machineId))
  return {
    phase: phaseOf(view, plan, machines),
    observedGeneration: view.machine.generation,
    bootstrapped: isMade(view),
    machines: machines.map((machine) => statusOf(view, machine)),
    waiting: plan.holds,
    findings: plan.findings,
    ...(view.seenAt === undefined ? {} : { seenAt: view.seenAt }),
  }
}

/** Whether the incarnation that is wanted is there, or was. */
export const isMade = (view: Pick<StandAloneView, 'machines' | 'operations'>): boolean =>
  view.machines.some(
    ({ machineId, wanted, seen }) =>
      wanted &&
      (seen?.power === 'on' || seen?.power === 'off' || succeeded(view, 'machine.create', machineId) !== undefined),
  )

function phaseOf(view: StandAloneView, plan: Plan, machines: readonly MachineView[]): ClusterPhase {
  if (view.machine.forgottenAt !== undefined) return 'gone'
  const busy = plan.operations.length > 0 || view.operations.some(({ state }) => isOpen(state))
  if (view.machine.deletingAt !== undefined) return machines.length === 0 && !busy ? 'gone' : 'deleting'
  const wanted = machines.find((machine) => machine.wanted)
  if (wanted?.seen?.power === 'on') return busy ? 'changing' : 'ready'
  if (isMade(view)) return busy ? 'changing' : 'degraded'
  return busy || view.operations.length > 0 ? 'creating' : 'waiting'
}

function statusOf(view: StandAloneView, machine: MachineView): MachineStatus {
  const open = view.operations.find(({ subject, state }) => subject === machine.machineId && isOpen(state))
  return {
    name: machine.name,
    machineId: machine.machineId,
    role: machine.role,
    phase: machinePhaseOf(view, machine),
    address: machine.address,
    ...(machine.placement ? { host: machine.placement.host, vmid: machine.placement.vmid } : {}),
    ...(open
      ? {
          operation: {
            operationId: open.operationId,
            kind: open.kind,
            state: open.state,
            ...(open.step ? { step: open.step } : {}),
            since: open.startedAt ?? open.createdAt,
          },
        }
      : {}),
  }
}

function machinePhaseOf(view: StandAloneView, { wanted, seen, machineId, placement }: MachineView): MachinePhase {
  if (view.machine.deletingAt !== undefined || !wanted) return 'leaving'
  if (seen?.power === 'on') return 'running'
  const made = succeeded(view, 'machine.create', machineId) !== undefined
  if (seen?.power === 'absent' && made) return 'lost'
  if (seen?.power === 'off' || made) return 'created'
  return placement ? 'reserved' : 'planned'
}
