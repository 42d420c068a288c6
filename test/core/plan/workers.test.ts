import { describe, expect, test } from 'vitest'
import type { ClusterDocument } from '#core/model/document.ts'
import { machinesAsked } from '#core/model/cluster-machines.ts'
import { askedByName } from '#core/plan/documents.ts'
import { birthHash } from '#core/plan/machines.ts'
import { problem } from '#core/model/problem.ts'
import { clashingAddresses } from '#core/plan/clash.ts'
import { plan } from '#core/plan/plan.ts'
import type { ClusterView, MachineView } from '#core/plan/view.ts'
import { aCluster, aSite, someDocuments } from '../../support/documents.ts'
import { createWorld } from '../../support/plan-world.ts'
import { seededRandom, seeds } from '../../support/random.ts'
import {
  aMember,
  aMachine,
  anOperation,
  aNode,
  aPlacement,
  aView,
  machineIdOf,
  seenMachine,
} from '../../support/view.ts'

/** Workers come and go by number or by name, at any time, and carry no etcd. */
type Workers = NonNullable<ClusterDocument['spec']['workers']>
const general = (count: number): Workers => ({ general: { class: 'cp-small', count } })
const cluster = aCluster({ workers: general(2) })
const founders = ['cp-1', 'cp-2', 'cp-3'].map(machineIdOf)
const members = ['cp-1', 'cp-2', 'cp-3'].map((name) => aMember(name))

const aWorker = (name: string, changes: Partial<MachineView> = {}): MachineView => {
  const documents = someDocuments({ cluster })
  const asked = askedByName(documents).get(name)
  return aMachine(name, {
    role: 'worker',
    placement: aPlacement(name, { role: 'worker' }),
    birthHash: asked ? birthHash(documents, asked) : '',
    ...changes,
  })
}
const aReadyWorker = (name: string, changes: Partial<MachineView> = {}): MachineView =>
  aWorker(name, { seen: seenMachine(name, { intentHash: 'f'.repeat(64) }), node: aNode(name), ...changes })

const running = (changes: Partial<ClusterView>): ClusterView =>
  aView({ cluster, secretsVersion: 1, bootstrap: { machineId: founders[0]!, founders }, ...changes })
const kindsOf = (view: ClusterView) =>
  plan(view).operations.map(({ kind, subject }) => `${kind} ${nameOf(view, subject)}`)
const holdsOf = (view: ClusterView) => plan(view).holds.map((hold) => `${hold.code} ${hold.subject}`)
const nameOf = (view: ClusterView, subject: string) =>
  view.machines.find((machine) => machine.machineId === subject)?.name ?? view.cluster.metadata.name

test('a set is called after its cluster, itself and a number; named machines keep their names', () => {
  const named = aCluster({
    workers: { ...general(2), big: { class: 'cp-small', machines: { hal: '192.168.1.70' } } },
  })
  expect(machinesAsked(named).map(({ name, role, nics }) => [name, role, nics[0]?.address])).toEqual([
    ['cp-1', 'controlplane', '192.168.1.51'],
    ['cp-2', 'controlplane', '192.168.1.52'],
    ['cp-3', 'controlplane', '192.168.1.53'],
    ['home-general-0', 'worker', undefined],
    ['home-general-1', 'worker', undefined],
    ['hal', 'worker', '192.168.1.70'],
  ])
})

describe('a worker is configured', () => {
  const waiting = aWorker('home-general-0', { seen: seenMachine('home-general-0', { stage: 'maintenance' }) })

  test('[P3] once a control plane carries etcd, because nobody else signs its certificate', () => {
    const young = running({ machines: [aMachine('cp-1', { seen: seenMachine('cp-1', { intentHash: 'f' }) }), waiting] })
    expect(kindsOf(young)).not.toContain('machine.configure home-general-0')
    expect(holdsOf(young)).toContain('waiting-for-bootstrap home-general-0')
    expect(kindsOf(running({ machines: [aMember('cp-1'), waiting] }))).toContain('machine.configure home-general-0')
  })

  test('[P1] beside a control plane that is joining: it is no member of etcd', () => {
    const machines = [aMember('cp-1'), aMember('cp-2', { etcd: 'learner' }), waiting]
    expect(kindsOf(running({ machines }))).toContain('machine.configure home-general-0')
  })
})

describe('an address that the site gave and on which a stranger answers', () => {
  const clash = (name: string, address: string) =>
    anOperation('machine.create', machineIdOf(name), {
      state: 'failed',
      finishedAt: 1,
      result: { outcome: 'failed', problem: problem('address-in-use', { address }) },
    })
  const secondTry = (view: ClusterView, name: string) =>
    plan(view).operations.filter(({ kind, subject }) => kind === 'machine.create' && subject === machineIdOf(name))

  test('[P6] is given up with the machine that never was, and kept clear of by the next', () => {
    const operations = [clash('home-general-0', '192.168.1.20')]
    const absent = seenMachine('home-general-0', { power: 'absent', stage: 'unreachable' })
    const view = running({ machines: [...members, aWorker('home-general-0', { seen: absent })], operations })
    expect(plan(view).forget).toEqual([machineIdOf('home-general-0')])
    expect(secondTry(view, 'home-general-0')).toEqual([])
    expect(clashingAddresses(operations)).toEqual(['192.168.1.20'])
  })

  test('[P7] is kept while the machine is there, or nobody knows', () => {
    const operations = [clash('home-general-0', '192.168.1.20')]
    for (const power of ['on', 'off', 'unknown'] as const) {
      const seen = seenMachine('home-general-0', { power, stage: 'unreachable' })
      const view = running({ machines: [...members, aWorker('home-general-0', { seen })], operations })
      expect(plan(view).forget).toEqual([])
    }
  })

  test('waits for the owner when it is theirs', () => {
    const operations = [clash('cp-1', '192.168.1.51')]
    const view = running({ machines: [aMachine('cp-1'), aMember('cp-2'), aMember('cp-3')], operations })
    expect(plan(view).forget).toEqual([])
  })
})

describe('a worker leaves', () => {
  const leaving = (name: string) => aReadyWorker(name, { wanted: false })

  test('[P4] one at a time, and its removal knows that etcd is not concerned', () => {
    const view = running({ machines: [...members, leaving('home-general-2'), leaving('home-general-3')] })
    expect(kindsOf(view)).toEqual(['machine.remove home-general-2'])
    expect(plan(view).operations[0]?.input).toMatchObject({
      role: 'worker',
      peers: members.map(({ name }) => ({ name })),
    })
    expect(holdsOf(view)).toContain('disruption-in-flight home-general-3')
  })

  test('[O30] with the order to drain it that the cluster gives, and the default when it gives none', () => {
    const view = running({ machines: [...members, leaving('home-general-2')] })
    const spec = { ...view.cluster.spec, drain: { timeout: '90s', force: true } }
    const drainOf = (from: ClusterView) => (plan(from).operations[0]!.input as { drain?: unknown }).drain
    expect(drainOf(view)).toEqual({ timeoutS: 300, force: false })
    expect(drainOf({ ...view, cluster: { ...view.cluster, spec } })).toEqual({ timeoutS: 90, force: true })
  })

  test('[P4] not while another node is away, unless it is away itself', () => {
    const away = aReadyWorker('home-general-0', { node: aNode('home-general-0', { ready: false }) })
    const view = running({ machines: [...members, away, leaving('home-general-2')] })
    expect(kindsOf(view)).toEqual([])
    expect(plan(view).holds).toContainEqual(
      expect.objectContaining({ code: 'disruption-in-flight', facts: { machine: 'home-general-0' } }),
    )
    const gone = running({ machines: [...members, { ...away, wanted: false }] })
    expect(kindsOf(gone)).toEqual(['machine.remove home-general-0'])
  })

  test('[P4] after a control plane that leaves, too', () => {
    const surplus = aMember('cp-4', { wanted: false })
    const view = running({ machines: [...members, surplus, leaving('home-general-2')] })
    expect(kindsOf(view)).toEqual(['machine.remove cp-4'])
    expect(holdsOf(view)).toContain('disruption-in-flight home-general-2')
  })

  test('and its name is taken over only when it is gone: two of one name would be one node', () => {
    const fresh = aWorker('home-general-0', { machineId: machineIdOf('other'), seen: undefined })
    const old = leaving('home-general-0')
    const view = running({ machines: [...members, old, fresh] })
    expect(kindsOf(view).filter((kind) => kind.startsWith('machine'))).toEqual(['machine.remove home-general-0'])
    expect(plan(view).holds).toContainEqual(
      expect.objectContaining({
        code: 'waiting-for-machine',
        facts: { waitsFor: 'the earlier machine of that name to be gone' },
      }),
    )
  })
})

describe('stories', () => {
  /** Room for the control planes and three workers. */
  const site = aSite({
    hosts: [
      {
        name: 'prod-srv-01',
        reserve: { host: { cpu: 2, memory: '8Gi' } },
        storage: 'local-zfs',
        imageStorage: 'local',
      },
    ],
  })

  test.each(seeds(60))('[P4][P5][P6] numbers that change at any time end as asked, seed %i', (seed) => {
    const random = seededRandom(seed)
    const world = createWorld(random, site)
    world.cluster = aCluster({ workers: general(random.int(4)) })
    for (let changes = 0; changes < 3; changes++) {
      const turns = random.int(200)
      for (let step = 0; step < turns; step++) oneStep(world, random, 0.05)
      const generation = world.cluster.generation + 1
      world.cluster = aCluster({ workers: general(random.int(4)), generation })
    }
    for (let step = 0; step < 4_000; step++) {
      oneStep(world, random, 0.02)
      if (world.online && world.phase() === 'ready') break
    }
    world.turn()
    expect(world.phase()).toBe('ready')
    const workers = world.machines.filter(({ role }) => role === 'worker').map(({ name }) => name)
    expect(workers.toSorted()).toEqual(
      machinesAsked(world.cluster)
        .slice(3)
        .map(({ name }) => name),
    )
    expect(world.vms.size).toBe(3 + workers.length)
  })
})

function oneStep(
  world: ReturnType<typeof createWorld>,
  random: ReturnType<typeof seededRandom>,
  trouble: number,
): void {
  const next = world.turn()
  if (random.chance(0.02)) world.online = !world.online
  if (!world.online && random.chance(0.2)) world.online = true
  world.happen(random, trouble)
  world.now += next.lookAgainAt !== undefined && random.chance(0.3) ? Math.max(1, next.lookAgainAt - world.now) : 500
}
