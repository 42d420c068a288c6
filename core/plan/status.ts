import { isOpen, type Operation } from '../model/operation.ts'
import type { ClusterPhase, ClusterStatus, MachinePhase, MachineStatus } from '../model/status.ts'
import { byAddress, contractOf, hasSettled, isReady, succeeded } from './ask.ts'
import { isRestarting } from './disruption.ts'
import type { Plan } from './plan-type.ts'
import type { ClusterView, MachineView } from './view.ts'

/** Phases are computed from what is wanted, what is seen and the operations; nothing sets them. */
export function clusterStatus(view: ClusterView, plan: Plan): ClusterStatus {
  const contract = contractOf(view)
  const machines = view.machines.filter((machine) => !plan.forget.includes(machine.machineId))
  return {
    phase: clusterPhase(view, plan, machines),
    observedGeneration: view.cluster.generation,
    bootstrapped: view.bootstrap !== undefined || plan.bootstrap !== undefined,
    ...(contract === undefined ? {} : { talosContract: contract }),
    machines: machines.toSorted(byAddress).map((machine) => machineStatus(view, machine)),
    waiting: plan.holds,
    findings: plan.findings,
    ...(view.seenAt === undefined ? {} : { seenAt: view.seenAt }),
  }
}

function clusterPhase(view: ClusterView, plan: Plan, machines: readonly MachineView[]): ClusterPhase {
  if (view.cluster.forgottenAt !== undefined) return 'gone'
  if (view.cluster.deletingAt !== undefined)
    return machines.length === 0 && !anyOpen(view) && plan.operations.length === 0 ? 'gone' : 'deleting'
  const wanted = machines.filter((machine) => machine.wanted)
  const leaving = machines.length > wanted.length
  const allReady = wanted.length > 0 && wanted.every(isReady)
  // Once they are forgotten, the gate is asked again for those that stay.
  const busy = anyOpen(view) || plan.operations.length > 0 || plan.forget.length > 0 || plan.holds.some(isResizing)
  if (hasSettled(view)) {
    if (allReady && !leaving && !busy) return 'ready'
    return leaving || busy || wanted.some((machine) => !everConfigured(view, machine)) ? 'changing' : 'degraded'
  }
  const begun = busy || view.secretsVersion > 0 || view.operations.length > 0
  return begun ? 'creating' : 'waiting'
}

/** A machine that is not yet what is asked for is a change that is not done, be it that it may not grow or tries again. */
const isResizing = ({ code, facts }: Plan['holds'][number]): boolean =>
  code === 'growth-refused' || facts['kind'] === 'machine.resize'

const anyOpen = (view: ClusterView): boolean => view.operations.some((operation) => isOpen(operation.state))

const everConfigured = (view: ClusterView, machine: MachineView): boolean =>
  machine.seen?.intentHash !== undefined || succeeded(view, 'machine.configure', machine.machineId) !== undefined

function machineStatus(view: ClusterView, machine: MachineView): MachineStatus {
  const operation = operationOf(view, machine)
  return {
    name: machine.name,
    machineId: machine.machineId,
    role: machine.role,
    phase: machinePhase(view, machine),
    address: machine.address,
    ...(machine.placement
      ? { host: machine.seen?.movedTo ?? machine.placement.host, vmid: machine.placement.vmid }
      : {}),
    ...(machine.seen?.talosVersion ? { talosVersion: machine.seen.talosVersion } : {}),
    ...(machine.node ? { kubernetesVersion: machine.node.version } : {}),
    ...(machine.seen?.etcd ? { etcd: etcdWord(machine.seen.etcd) } : {}),
    ...(operation ? { operation } : {}),
  }
}

export function machinePhase(view: ClusterView, machine: MachineView): MachinePhase {
  const { seen } = machine
  if (view.cluster.deletingAt !== undefined || !machine.wanted) return 'leaving'
  if (isReady(machine)) return 'ready'
  if (everConfigured(view, machine) && seen !== undefined && (seen.power !== 'on' || seen.stage === 'unreachable'))
    // A node that restarts its services after its first configuration, or is restarted, is away for a moment; it is lost only later.
    return hasSettled(view) && !isRestarting(view, machine) ? 'lost' : 'configured'
  if (seen?.etcd !== undefined || machine.node !== undefined) return 'joined'
  if (everConfigured(view, machine)) return 'configured'
  if (seen?.power === 'on') return seen.stage === 'maintenance' ? 'maintenance' : 'running'
  if (seen?.power === 'off' || succeeded(view, 'machine.create', machine.machineId)) return 'created'
  return machine.placement ? 'reserved' : 'planned'
}

function etcdWord(etcd: NonNullable<NonNullable<MachineView['seen']>['etcd']>): NonNullable<MachineStatus['etcd']> {
  if (etcd.learner) return 'learner'
  if (!etcd.healthy) return 'unhealthy'
  return etcd.leader ? 'leader' : 'member'
}

/** The machine's own open operation, or the bootstrap that runs on it. */
function operationOf(view: ClusterView, machine: MachineView): MachineStatus['operation'] {
  const mine = (operation: Operation) =>
    operation.subject === machine.machineId ||
    (operation.kind === 'etcd.bootstrap' &&
      'machineId' in operation.input &&
      operation.input.machineId === machine.machineId)
  const open = view.operations.find((operation) => isOpen(operation.state) && mine(operation))
  if (!open) return undefined
  const { operationId, kind, state, step } = open
  return { operationId, kind, state, ...(step ? { step } : {}), since: open.startedAt ?? open.createdAt }
}
