import { describe, expect, test } from 'vitest'
import { plan } from '#core/plan/plan.ts'
import { EFFECT_GRACE_MS } from '#core/plan/wish.ts'
import type { ClusterView } from '#core/plan/view.ts'
import { problem } from '#core/model/problem.ts'
import { aCluster } from '../../support/documents.ts'
import { aMachine, aMember, anOperation, aView, machineIdOf, seenMachine } from '../../support/view.ts'

const kindsOf = (view: ClusterView) =>
  plan(view).operations.map((operation) => `${operation.kind} ${nameOf(view, operation.subject)}`)
const holdsOf = (view: ClusterView) => plan(view).holds.map((hold) => `${hold.code} ${hold.subject}`)
const nameOf = (view: ClusterView, subject: string) =>
  view.machines.find((machine) => machine.machineId === subject)?.name ?? subject

describe('the first plans of a new cluster', () => {
  test('records secrets and the image first, and says what each machine waits for', () => {
    const view = aView()
    expect(kindsOf(view)).toEqual([`secrets.create ${view.cluster.uid}`, 'image.ensure prod-srv-01/local'])
    expect(holdsOf(view)).toEqual([
      'waiting-for-machine cp-1',
      'waiting-for-machine cp-2',
      'waiting-for-machine cp-3',
      'waiting-for-nodes home',
    ])
  })

  test('records nothing while the agent is away, and says so', () => {
    const view = aView({
      agent: { online: false, since: undefined },
      seenAt: undefined,
      machines: [aMachine('cp-1', { placement: undefined })],
    })
    expect(plan(view).operations).toEqual([])
    expect(holdsOf(view)).toContain('agent-offline home')
  })

  test('says what keeps the agent from the hypervisor', () => {
    const view = aView({ agent: { online: true, since: 0, trouble: 'The API token was refused.' } })
    expect(plan(view).holds).toContainEqual(
      expect.objectContaining({
        code: 'hypervisor-unseen',
        facts: expect.objectContaining({ cause: 'The API token was refused.' }),
      }),
    )
  })

  test('[P5] turns a refused placement into a hold with its arithmetic', () => {
    const refusal = problem('no-capacity', { arithmetic: 'memory 88Gi − 80Gi placed = 8Gi free, needed 16Gi' })
    const view = aView({ machines: [aMachine('cp-1', { placement: undefined, refusal })] })
    expect(plan(view).operations).toEqual([])
    expect(plan(view).holds).toContainEqual({
      code: 'not-placed',
      subject: 'cp-1',
      facts: { problem: 'no-capacity', arithmetic: 'memory 88Gi − 80Gi placed = 8Gi free, needed 16Gi' },
      since: view.now,
    })
  })

  test('keeps the time since when a hold holds', () => {
    const first = plan(aView({ agent: { online: false, since: undefined } }))
    const later = plan(aView({ agent: { online: false, since: undefined }, now: 2_000_000, holds: first.holds }))
    expect(later.holds.map((hold) => hold.since)).toEqual(first.holds.map((hold) => hold.since))
  })

  test('[P8] records nothing while a person holds the maintenance lock', () => {
    const view = aView({ locks: [{ name: 'maintenance', holder: 'ana', reason: 'disk swap', since: 0, fence: 1 }] })
    expect(plan(view).operations).toEqual([])
    expect(holdsOf(view)).toContain('locked home')
  })
})

describe('bootstrap', () => {
  const configured = (name: string) => aMachine(name, { seen: seenMachine(name, { intentHash: 'a' }) })

  test('[P3] chooses the first configured control plane by address and stores the choice with its founders', () => {
    const view = aView({
      secretsVersion: 1,
      machines: [aMachine('cp-10'), configured('cp-9'), configured('cp-2')].map((m) => m),
    })
    const next = plan(view)
    expect(next.operations.find((operation) => operation.kind === 'etcd.bootstrap')?.input).toMatchObject({
      name: 'cp-2',
    })
    expect(next.bootstrap?.machineId).toBe(machineIdOf('cp-2'))
  })

  test('[P3] never asks another node once the choice is stored', () => {
    const view = aView({
      secretsVersion: 1,
      bootstrap: { machineId: machineIdOf('cp-3'), founders: ['cp-1', 'cp-2', 'cp-3'].map(machineIdOf) },
      machines: [configured('cp-1'), configured('cp-2'), aMachine('cp-3')],
    })
    expect(kindsOf(view).filter((kind) => kind.startsWith('etcd'))).toEqual([])
    expect(holdsOf(view)).toContain('waiting-for-bootstrap home')
  })

  test('[P3] is over as soon as any control plane is seen as a member', () => {
    const view = aView({ secretsVersion: 1, machines: [aMember('cp-1'), configured('cp-2'), configured('cp-3')] })
    expect(kindsOf(view).filter((kind) => kind.startsWith('etcd'))).toEqual([])
  })
})

describe('[P10] the attempt budget', () => {
  const image = (changes: Parameters<typeof anOperation>[2]) => {
    const wished = plan(aView()).operations.find((operation) => operation.kind === 'image.ensure')!
    return anOperation('image.ensure', wished.subject, { key: wished.key, input: wished.input, ...changes })
  }
  const failed = (attempt: number, code: 'image-unavailable' | 'permission-missing') =>
    image({ state: 'failed', attempt, finishedAt: 999_000, result: { outcome: 'failed', problem: problem(code) } })
  const imagePlan = (view: ClusterView) =>
    plan(view).operations.filter((operation) => operation.kind === 'image.ensure')

  test('pauses after a failure, then tries again with the next attempt', () => {
    const waiting = aView({ operations: [failed(1, 'image-unavailable')] })
    expect(imagePlan(waiting)).toEqual([])
    const due = plan(waiting).lookAgainAt!
    expect(due).toBeGreaterThan(waiting.now)
    expect(imagePlan(aView({ now: due, operations: waiting.operations }))[0]?.attempt).toBe(2)
  })

  test('ends in a hold when the budget is used up', () => {
    const view = aView({ now: 9_000_000, operations: [failed(5, 'image-unavailable')] })
    expect(imagePlan(view)).toEqual([])
    expect(holdsOf(view)).toContain('attempts-exhausted prod-srv-01')
  })

  test('asks a person at once when repeating cannot help', () => {
    const view = aView({ now: 9_000_000, operations: [failed(1, 'permission-missing')] })
    expect(imagePlan(view)).toEqual([])
    expect(holdsOf(view)).toContain('needs-human prod-srv-01')
  })

  test('starts anew after a person said retry, and stays closed after abandon', () => {
    const decided = (decision: 'retry' | 'abandon') =>
      aView({ operations: [{ ...failed(5, 'image-unavailable'), decision }] })
    expect(imagePlan(decided('retry'))[0]?.attempt).toBe(1)
    expect(imagePlan(decided('abandon'))).toEqual([])
  })

  test('[O1] an unfinished key is never recorded twice', () => {
    for (const state of ['queued', 'offered', 'running'] as const)
      expect(imagePlan(aView({ operations: [image({ state })] }))).toEqual([])
  })

  test('a success whose effect is not seen yet is not repeated before its grace is over', () => {
    const wished = (view: ClusterView) =>
      plan(view).operations.filter((operation) => operation.kind === 'secrets.create')
    const [first] = wished(aView())
    const done = anOperation('secrets.create', first!.subject, {
      key: first!.key,
      input: first!.input,
      state: 'succeeded',
      finishedAt: 999_000,
      result: { outcome: 'succeeded', output: {} },
    })
    expect(wished(aView({ operations: [done] }))).toEqual([])
    expect(wished(aView({ now: 999_000 + EFFECT_GRACE_MS, operations: [done] }))[0]?.attempt).toBe(2)
  })
})

describe('leaving', () => {
  const bootstrapped = { machineId: machineIdOf('cp-1'), founders: ['cp-1', 'cp-2', 'cp-3'].map(machineIdOf) }
  const shrunk = {
    cluster: aCluster({ machines: { 'cp-1': '192.168.1.51' } }),
    secretsVersion: 1,
    bootstrap: bootstrapped,
  }

  test('[P2] keeps a surplus member while those that stay could not form a quorum', () => {
    const view = aView({
      ...shrunk,
      machines: [
        aMember('cp-1', { etcd: 'unhealthy' }),
        aMember('cp-2', { wanted: false }),
        aMember('cp-3', { wanted: false }),
      ],
    })
    expect(kindsOf(view).filter((kind) => kind.startsWith('machine.remove'))).toEqual([])
    expect(holdsOf(view)).toContain('etcd-quorum-at-risk cp-2')
  })

  test('[P2] removes the sick surplus member before a healthy one', () => {
    const view = aView({
      ...shrunk,
      machines: [
        aMember('cp-1'),
        aMember('cp-2', { wanted: false }),
        aMember('cp-3', { wanted: false, etcd: 'unhealthy' }),
      ],
    })
    expect(kindsOf(view).filter((kind) => kind.startsWith('machine.remove'))).toEqual(['machine.remove cp-3'])
  })

  test('[P1] takes one member out at a time', () => {
    const view = aView({
      ...shrunk,
      machines: [aMember('cp-1'), aMember('cp-2', { wanted: false }), aMember('cp-3', { wanted: false })],
    })
    expect(kindsOf(view).filter((kind) => kind.startsWith('machine.remove'))).toHaveLength(1)
    expect(holdsOf(view)).toContain('membership-change-in-flight cp-3')
  })

  test('a deleted cluster lets every machine go at once', () => {
    const view = aView({
      cluster: aCluster({ deletingAt: 1 }),
      secretsVersion: 1,
      machines: [aMember('cp-1'), aMember('cp-2'), aMember('cp-3')],
    })
    expect(kindsOf(view)).toEqual(['machine.remove cp-1', 'machine.remove cp-2', 'machine.remove cp-3'])
  })

  test('a machine that never came to be is forgotten without any agent', () => {
    const view = aView({
      cluster: aCluster({ deletingAt: 1 }),
      agent: { online: false, since: undefined },
      seenAt: undefined,
      machines: [aMachine('cp-1', { placement: undefined })],
    })
    expect(plan(view)).toMatchObject({ operations: [], forget: [machineIdOf('cp-1')] })
  })

  test('open work on a leaving machine is cancelled before its removal begins', () => {
    const creating = anOperation('machine.create', machineIdOf('cp-1'), { key: 'k' })
    const view = aView({ cluster: aCluster({ deletingAt: 1 }), machines: [aMachine('cp-1')], operations: [creating] })
    expect(plan(view)).toMatchObject({ operations: [], cancel: [creating.operationId], forget: [] })
  })
})
