import { describe, expect, test } from 'vitest'
import { isOpen } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import type { GuestSeen, MachineSeen } from '#core/model/seen.ts'
import { isReady } from '#core/plan/ask.ts'
import { plan } from '#core/plan/plan.ts'
import type { Plan } from '#core/plan/plan-type.ts'
import { clusterStatus } from '#core/plan/status.ts'
import { whyUnclear } from '#core/plan/unclear.ts'
import type { ClusterView, MachineView } from '#core/plan/view.ts'
import { aCluster } from '../../support/documents.ts'
import { createWorld } from '../../support/plan-world.ts'
import { seededRandom, seeds, type Random } from '../../support/random.ts'
import { aMachine, aNode, anOperation, aPlacement, aView, machineIdOf, seenMachine } from '../../support/view.ts'

/**
 * Whoever waits is told why: as long as a cluster is not where its owner wants it, something is under way, something
 * begins, or a hold says what it waits for. And so it is for each machine of its own.
 */
const AT_REST = ['ready', 'gone']

/** What nobody could explain to the owner; [] is what a plan must give. */
function unexplained(view: ClusterView, next: Plan): readonly string[] {
  const { phase } = clusterStatus(view, next)
  const active = [...next.operations, ...view.operations.filter((operation) => isOpen(operation.state))]
  if (AT_REST.includes(phase)) return []
  const cluster = active.length + next.holds.length + next.forget.length > 0 ? [] : [`the cluster (${phase})`]
  // Of these, every machine of the cluster waits alike.
  if (
    next.holds.some(({ code }) =>
      ['agent-offline', 'hypervisor-unseen', 'site-unseen', 'locked', 'reference-missing'].includes(code),
    )
  )
    return cluster
  const machines = view.machines.filter((machine) => {
    if (machine.wanted && view.cluster.deletingAt === undefined && isReady(machine)) return false
    if (next.forget.includes(machine.machineId)) return false
    if (active.some(({ subject }) => subject === machine.machineId)) return false
    return !next.holds.some(({ subject, facts }) => subject === machine.name || nameOf(facts, machine))
  })
  return [...cluster, ...machines.map((machine) => machine.name)]
}

const nameOf = (facts: Readonly<Record<string, unknown>>, machine: MachineView): boolean =>
  Array.isArray(facts['machines']) && facts['machines'].includes(machine.name)

function randomSeen(random: Random, name: string): MachineSeen | undefined {
  if (random.chance(0.2)) return undefined
  const power = random.pick(['on', 'on', 'on', 'off', 'absent', 'unknown'] as const)
  const stage = random.pick(['unreachable', 'maintenance', 'booting', 'running', 'foreign', 'unknown'] as const)
  const etcd = { memberId: name, learner: random.chance(0.3), leader: false, healthy: random.chance(0.6) }
  return seenMachine(name, {
    power,
    stage,
    ready: random.chance(0.5),
    ...(random.chance(0.5) ? { intentHash: 'f'.repeat(64) } : {}),
    ...(random.chance(0.5) ? { etcd } : {}),
  })
}

function randomMachine(random: Random, name: string): MachineView {
  const placed = random.chance(0.8)
  return aMachine(name, {
    placement: placed ? aPlacement(name) : undefined,
    refusal: !placed && random.chance(0.5) ? problem('no-capacity') : undefined,
    seen: randomSeen(random, name),
    node: random.chance(0.5) ? aNode(name, { ready: random.chance(0.7) }) : undefined,
    wanted: random.chance(0.8),
  })
}

function randomView(seed: number): ClusterView {
  const random = seededRandom(seed)
  const names = ['cp-1', 'cp-2', 'cp-3', 'cp-4']
  const base: Partial<ClusterView> = {
    cluster: aCluster(random.chance(0.2) ? { deletingAt: 1 } : {}),
    agent: random.chance(0.9) ? { online: true, since: 0 } : { online: false, since: undefined },
    seenAt: random.chance(0.9) ? 1_000_000 : undefined,
    secretsVersion: random.chance(0.7) ? 1 : 0,
    bootstrap: random.chance(0.5)
      ? { machineId: machineIdOf(random.pick(names)), founders: names.slice(0, 3).map(machineIdOf) }
      : undefined,
    machines: names.map((name) => randomMachine(random, name)),
  }
  // What was done before: tries of what the plan itself would do, in any state and with any outcome.
  const wished = plan(aView(base)).operations.map((wish) => {
    const state = random.pick(['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const)
    const code = random.pick(['provider-unreachable', 'permission-missing', 'outcome-unknown'] as const)
    return anOperation(wish.kind, wish.subject, {
      ...wish,
      state,
      attempt: random.int(10) + 1,
      ...(isOpen(state) ? {} : { finishedAt: 1_000_000 - random.int(200_000) }),
      ...(state === 'failed' ? { result: { outcome: 'failed', problem: problem(code) } } : {}),
      ...(state === 'succeeded' ? { result: { outcome: 'succeeded', output: {} } } : {}),
      ...(random.chance(0.2) ? { decision: random.pick(['retry', 'abandon'] as const) } : {}),
    })
  })
  const settled = random.chance(0.4)
    ? [anOperation('cluster.check', machineIdOf('gate'), { state: 'succeeded', finishedAt: 1 })]
    : []
  return aView({ ...base, operations: [...wished.filter(() => random.chance(0.7)), ...settled] })
}

describe('every wait says why', () => {
  test.each(seeds(500))('in any view of a cluster that is not at rest, seed %i', (seed) => {
    const view = randomView(seed)
    expect(unexplained(view, plan(view))).toEqual([])
  })

  test.each(seeds(60))('at every step of a story, seed %i', (seed) => {
    const random = seededRandom(seed)
    const world = createWorld(random)
    const deletedAt = random.chance(0.5) ? random.int(200) : undefined
    for (let step = 0; step < 300; step++) {
      if (step === deletedAt) world.cluster = { ...world.cluster, deletingAt: world.now, generation: 2 }
      const next = world.turn()
      expect({ step, unexplained: unexplained(world.view(), next) }).toEqual({ step, unexplained: [] })
      if (random.chance(0.05)) world.online = !world.online
      world.happen(random, 0.1)
      const until = next.lookAgainAt ?? world.now
      world.now += random.chance(0.3) ? Math.max(1, until - world.now) : 500
    }
  })
})

describe('a machine of which nobody knows whether it is there', () => {
  const unclear = seenMachine('cp-1', { power: 'unknown', stage: 'unreachable' })
  const host = { name: 'prod-srv-01', online: true, threads: 36, memoryMiB: 90_112, version: '9.2.11' }
  const container: GuestSeen = {
    host: 'prod-srv-01',
    vmid: aPlacement('cp-1').vmid,
    name: 'pihole',
    cpu: 1,
    memoryMiB: 512,
    running: true,
    macs: [],
  }
  const causeOf = (seen: Parameters<typeof whyUnclear>[2]) => whyUnclear(unclear, aPlacement('cp-1'), seen)

  test('[P7] nothing is made or started, and the hold names the guest that has its VMID', () => {
    const facts = causeOf({ hosts: [host], guests: [container] })
    const view = aView({ secretsVersion: 1, machines: [aMachine('cp-1', { seen: unclear, unclear: facts })] })
    expect(plan(view).operations.filter((operation) => operation.kind.startsWith('machine.'))).toEqual([])
    expect(plan(view).holds.find((hold) => hold.subject === 'cp-1')).toMatchObject({
      code: 'machine-unclear',
      facts: { cause: 'guest-in-its-place', guest: 'pihole', vmid: container.vmid, host: 'prod-srv-01' },
    })
  })

  test('tells a host that is away from one that does not let itself be read', () => {
    expect(causeOf({ hosts: [{ ...host, online: false }], guests: [] })).toMatchObject({ cause: 'host-away' })
    expect(causeOf({ hosts: [host], guests: [] })).toMatchObject({ cause: 'host-unread' })
    expect(whyUnclear({ ...unclear, power: 'absent' }, aPlacement('cp-1'), { hosts: [], guests: [] })).toBeUndefined()
  })
})
