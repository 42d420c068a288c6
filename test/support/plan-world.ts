import type { Operation, OperationResult } from '#core/model/operation.ts'
import { isOpen } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import { EMPTY_SEEN, type MachineSeen, type NodeSeen, type SiteSeen } from '#core/model/seen.ts'
import type { Hardware } from '#core/model/hardware.ts'
import { shapeOf, type MachineShape } from '#core/model/machine-shape.ts'
import type { Placement } from '#core/model/placement.ts'
import type { ClusterDocument, MachineClassDocument, Stored } from '#core/model/document.ts'
import { clashingAddresses } from '#core/plan/clash.ts'
import { askedByName } from '#core/plan/documents.ts'
import { addressOfMachine, reconcileMachines, requestsFor, type RememberedMachine } from '#core/plan/machines.ts'
import { plan } from '#core/plan/plan.ts'
import { sizesToReserve } from '#core/plan/resizing.ts'
import type { Plan } from '#core/plan/plan-type.ts'
import { clusterStatus } from '#core/plan/status.ts'
import type { Bootstrap, ClusterView } from '#core/plan/view.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import { place } from '#core/placement/place.ts'
import { resizePlacements } from '#core/placement/resize.ts'
import { mintMachineId } from '#core/model/ids.ts'
import { aCluster, aMachineClass, aNetwork, aSite, CLUSTER_UID } from './documents.ts'
import { checkInvariants } from './plan-invariants.ts'
import type { Random } from './random.ts'

/**
 * A whole world around the planner, without any I/O: a site that has effects late, an agent that comes and goes, tries
 * that fail, and an owner who changes their mind. It keeps what the Cluster and Site objects keep and checks the
 * invariants at each step, so that a seed tells one story that must end well.
 */
export interface World {
  cluster: Stored<ClusterDocument>
  /** The class of its control planes; the owner may change it. */
  machineClass: Stored<MachineClassDocument>
  now: number
  online: boolean
  readonly operations: Operation[]
  machines: readonly RememberedMachine[]
  placements: Placement[]
  readonly vms: Map<string, Vm>
  bootstrap: Bootstrap | undefined
  contract: string | undefined
  secretsVersion: number
  bootstrapCount: number
  view(): ClusterView
  /** What the Site object would reckon with. */
  ledger(): Ledger
  /** One alarm of the Cluster object. */
  turn(): Plan
  /** Something happens in the world: an operation moves on, a machine joins. */
  happen(random: Random, trouble: number): void
  phase(): string
}

interface Vm {
  readonly name: string
  readonly role: 'controlplane' | 'worker'
  power: 'on' | 'off'
  intentHash: string | undefined
  etcd: 'none' | 'learner' | 'healthy'
  nodeReady: boolean
  /** As what it was last made. */
  shape: MachineShape | undefined
}

export function createWorld(random: Random, site = aSite()): World {
  const seen: SiteSeen = {
    hosts: [{ name: 'prod-srv-01', online: true, threads: 36, memoryMiB: 88 * 1024, version: '9.2.11' }],
    storages: [
      {
        host: 'prod-srv-01',
        name: 'local',
        content: ['import'],
        active: true,
        shared: false,
        totalGiB: 90,
        freeGiB: 80,
      },
      {
        host: 'prod-srv-01',
        name: 'local-zfs',
        content: ['images'],
        active: true,
        shared: false,
        totalGiB: 900,
        freeGiB: 900,
      },
    ],
    bridges: [{ host: 'prod-srv-01', name: 'vmbr0' }],
    guests: [
      { host: 'prod-srv-01', vmid: 100, name: 'truenas', cpu: 6, memoryMiB: 32 * 1024, running: true, macs: [] },
    ],
    machines: [],
    nodes: [],
  }
  const networks = { lan: aNetwork() }
  const documentsNow = () => ({ networks, machineClasses: { 'cp-small': world.machineClass } })
  let count = 0
  let holds: ClusterView['holds'] = []
  const refusals = new Map<string, ReturnType<typeof problem>>()
  const growthRefusals = new Map<string, ReturnType<typeof problem>>()

  const world: World = {
    cluster: aCluster(),
    machineClass: aMachineClass(),
    now: 1_000_000,
    online: true,
    operations: [],
    machines: [],
    placements: [],
    vms: new Map(),
    bootstrap: undefined,
    contract: undefined,
    secretsVersion: 0,
    bootstrapCount: 0,
    view() {
      return {
        now: world.now,
        cluster: world.cluster,
        site,
        ...documentsNow(),
        agent: world.online ? { online: true, since: 0 } : { online: false, since: 0 },
        seenAt: world.now,
        secretsVersion: world.secretsVersion,
        bootstrap: world.bootstrap,
        contract: world.contract,
        machines: world.machines.map((machine) => ({
          ...machine,
          address: addressOfMachine(machine, placementOf(world, machine)),
          placement: placementOf(world, machine),
          refusal: refusals.get(machine.machineId),
          growthRefusal: growthRefusals.get(machine.machineId),
          seen: seenOf(machine.machineId, world.vms.get(machine.machineId)),
          node: nodeOf(world.vms.get(machine.machineId)),
        })),
        operations: world.operations,
        locks: [],
        holds,
        placementFindings: [],
      }
    },
    ledger: () => worldLedger(world, site, seen),
    turn() {
      const complete = { cluster: world.cluster, site, ...documentsNow() }
      const deleting = world.cluster.deletingAt !== undefined
      world.machines = reconcileMachines(
        world.machines,
        deleting ? undefined : complete,
        world.bootstrap !== undefined,
        () => mintMachineId(random.bytes(16)),
      )
      const asking = world.machines.filter(
        (machine) => machine.wanted && !world.placements.some((p) => p.machineId === machine.machineId),
      )
      refusals.clear()
      if (asking.length > 0) {
        const answer = place(
          CLUSTER_UID,
          requestsFor(asking, complete, clashingAddresses(world.operations)),
          world.ledger(),
          random.bytes,
        )
        if (answer.ok) world.placements.push(...answer.placements)
        else for (const refusal of answer.refusals) refusals.set(refusal.machineId, refusal.problem)
      }
      if (!deleting) {
        const rows = world.machines.map(({ machineId }) => seenOf(machineId, world.vms.get(machineId)))
        const kept = world.machines.map((machine) => ({ machine, placement: placementOf(world, machine) }))
        const sizes = resizePlacements(sizesToReserve(kept, rows, askedByName(complete), complete), world.ledger())
        const resized = new Map(sizes.placements.map((placement) => [placement.machineId, placement]))
        world.placements = world.placements.map((placement) => resized.get(placement.machineId) ?? placement)
        growthRefusals.clear()
        for (const refusal of sizes.refusals) growthRefusals.set(refusal.machineId, refusal.problem)
      }
      const next = plan(world.view())
      checkInvariants(world, next)
      for (const operation of next.operations)
        world.operations.push({
          ...operation,
          operationId: `${CLUSTER_UID}-${++count}`,
          state: 'queued',
          createdAt: world.now,
        })
      world.contract = next.contract ?? world.contract
      if (next.bootstrap) world.bootstrap ??= next.bootstrap
      for (const id of next.cancel) change(world, id, { cancelling: true })
      world.placements = world.placements.filter((placement) => !next.forget.includes(placement.machineId))
      world.machines = world.machines.filter((machine) => !next.forget.includes(machine.machineId))
      holds = next.holds
      return next
    },
    happen(chance, trouble) {
      const open = world.operations.filter((operation) => isOpen(operation.state))
      for (const vm of world.vms.values()) if (chance.chance(0.5)) settle(world, vm)
      if (!world.online || open.length === 0) return
      const operation = chance.pick(open)
      if (operation.state === 'queued') {
        change(
          world,
          operation.operationId,
          operation.cancelling
            ? { state: 'cancelled', finishedAt: world.now }
            : { state: 'running', startedAt: world.now },
        )
        const restarted = mayRestart(operation) ? world.vms.get(operation.subject) : undefined
        if (restarted && !operation.cancelling) Object.assign(restarted, { power: 'off', nodeReady: false })
        return
      }
      if (operation.cancelling && chance.chance(0.7)) {
        change(world, operation.operationId, {
          state: 'cancelled',
          finishedAt: world.now,
          result: { outcome: 'cancelled' },
        })
        // Cancelled after the effect is as likely as before it.
        if (chance.chance(0.5)) effect(world, operation)
        return
      }
      if (chance.chance(trouble)) {
        // The worst failure: the effect happened and the news of it did not.
        if (chance.chance(0.5)) effect(world, operation)
        finish(world, operation, {
          outcome: 'failed',
          problem: problem(chance.pick(['outcome-unknown', 'provider-unreachable'] as const)),
        })
        return
      }
      effect(world, operation)
      finish(world, operation, { outcome: 'succeeded', output: {} })
    },
    phase: () => clusterStatus(world.view(), plan(world.view())).phase,
  }
  return world
}

const placementOf = (world: World, { machineId }: RememberedMachine): Placement | undefined =>
  world.placements.find((placement) => placement.machineId === machineId)

/** What the Site object would reckon with. */
export const worldLedger = (world: World, site = aSite(), seen: SiteSeen = EMPTY_SEEN): Ledger =>
  toLedger(
    { site, networks: [aNetwork()], clusters: [world.cluster], machines: [] },
    { placements: world.placements, seen },
  )

function effect(world: World, operation: Operation): void {
  const input = operation.input as { name?: string; machineId?: string; intentHash?: string; hardware?: Hardware }
  const vm = world.vms.get(operation.subject)
  if (operation.kind === 'secrets.create') world.secretsVersion = 1
  if (operation.kind === 'machine.create' && !vm)
    world.vms.set(operation.subject, {
      name: input.name!,
      role: world.machines.find(({ machineId }) => machineId === operation.subject)?.role ?? 'controlplane',
      power: 'off',
      intentHash: undefined,
      etcd: 'none',
      nodeReady: false,
      shape: shapeOf(input.hardware!),
    })
  if (operation.kind === 'machine.resize' && vm) Object.assign(vm, { shape: shapeOf(input.hardware!), power: 'on' })
  if (operation.kind === 'machine.start' && vm) vm.power = 'on'
  if (operation.kind === 'machine.configure' && vm) vm.intentHash = input.intentHash
  if (operation.kind === 'machine.remove') world.vms.delete(operation.subject)
  if (operation.kind === 'etcd.bootstrap') {
    const chosen = world.vms.get(input.machineId!)
    if (!chosen || [...world.vms.values()].some((other) => other.etcd !== 'none')) return
    chosen.etcd = 'healthy'
    world.bootstrapCount++
  }
}

export const mayRestart = ({ kind, input }: Operation): boolean =>
  kind === 'machine.resize' && 'restart' in input && input.restart !== 'never'

/** A configured machine joins once etcd is there: learners one at a time, as etcd does it. */
function settle(world: World, vm: Vm): void {
  if (vm.power !== 'on' || vm.intentHash === undefined) return
  const others = [...world.vms.values()]
  if (vm.role === 'worker') vm.nodeReady ||= others.some((other) => other.etcd === 'healthy')
  else if (
    vm.etcd === 'none' &&
    others.some((other) => other.etcd === 'healthy') &&
    !others.some((other) => other.etcd === 'learner')
  )
    vm.etcd = 'learner'
  else if (vm.etcd === 'learner') vm.etcd = 'healthy'
  else if (vm.etcd === 'healthy') vm.nodeReady = true
}

const finish = (world: World, operation: Operation, result: OperationResult): void =>
  change(world, operation.operationId, { state: result.outcome, finishedAt: world.now, result })

function change(world: World, operationId: string, changes: Partial<Operation>): void {
  const index = world.operations.findIndex((operation) => operation.operationId === operationId)
  world.operations[index] = { ...world.operations[index]!, ...changes }
}

function seenOf(machineId: string, vm: Vm | undefined): MachineSeen {
  if (!vm) return { machineId, power: 'absent', stage: 'unreachable', ready: false }
  return {
    machineId,
    power: vm.power,
    stage: vm.power === 'off' ? 'unreachable' : vm.intentHash ? 'running' : 'maintenance',
    ready: vm.nodeReady,
    ...(vm.shape ? { shape: vm.shape } : {}),
    ...(vm.intentHash ? { intentHash: vm.intentHash } : {}),
    ...(vm.etcd === 'none' || vm.power === 'off'
      ? {}
      : { etcd: { memberId: vm.name, learner: vm.etcd === 'learner', leader: false, healthy: vm.etcd === 'healthy' } }),
  }
}

const nodeOf = (vm: Vm | undefined): NodeSeen | undefined =>
  vm?.nodeReady ? { clusterUid: CLUSTER_UID, name: vm.name, ready: true, version: 'v1.36.3', address: '' } : undefined
