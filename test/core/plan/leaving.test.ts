import { describe, expect, test } from 'vitest'
import { plan } from '#core/plan/plan.ts'
import type { ClusterView } from '#core/plan/view.ts'
import { aMachine, aMember, anOperation, aView, machineIdOf, seenMachine } from '../../support/view.ts'

/** A machine is replaced while etcd is only being started, or while it cannot spare it. */
const kindsOf = (view: ClusterView) =>
  plan(view).operations.map(({ kind, subject }) => `${kind} ${nameOf(view, subject)}`)
const holdsOf = (view: ClusterView) => plan(view).holds.map((hold) => `${hold.code} ${hold.subject}`)
const nameOf = (view: ClusterView, subject: string) =>
  view.machines.find((machine) => machine.machineId === subject)?.name ?? view.cluster.metadata.name

/** Configured; with `stage: 'unreachable'` it does not answer any more. */
const configured = (name: string, stage: 'running' | 'unreachable' = 'running', wanted = true) =>
  aMachine(name, { wanted, seen: seenMachine(name, { stage, intentHash: 'f'.repeat(64) }) })

const bootstrap = { machineId: machineIdOf('cp-1'), founders: ['cp-1', 'cp-2', 'cp-3'].map(machineIdOf) }

describe('the machine that etcd is started on is not wanted any more', () => {
  const machines = [configured('cp-1', 'running', false), configured('cp-2'), configured('cp-3')]

  test('[P3] its start is neither cancelled nor repeated elsewhere, and it stays', () => {
    const started = anOperation('etcd.bootstrap', aView().cluster.uid)
    const view = aView({ secretsVersion: 1, bootstrap, machines, operations: [started] })
    expect({ operations: kindsOf(view), cancel: plan(view).cancel }).toEqual({ operations: [], cancel: [] })
    expect(holdsOf(view)).toContain('operation-running cp-1')
  })

  test('[P3] a start that came to nothing is asked for again, of the same machine', () => {
    const view = aView({ secretsVersion: 1, bootstrap, machines })
    expect(kindsOf(view)).toEqual(['etcd.bootstrap home'])
    expect(plan(view).operations[0]?.input).toMatchObject({ machineId: machineIdOf('cp-1') })
    expect(holdsOf(view)).toContain('etcd-quorum-at-risk cp-1')
  })

  test('[P2] it goes once the others carry etcd', () => {
    const joining = [aMember('cp-1', { wanted: false }), aMember('cp-2'), configured('cp-3')]
    expect(kindsOf(aView({ secretsVersion: 1, bootstrap, machines: joining }))).toEqual([])
    const joined = [aMember('cp-1', { wanted: false }), aMember('cp-2'), aMember('cp-3')]
    expect(kindsOf(aView({ secretsVersion: 1, bootstrap, machines: joined }))).toEqual(['machine.remove cp-1'])
  })
})

describe('etcd cannot spare a member', () => {
  test('[P2] a member that does not answer still counts: the others would be outvoted by it', () => {
    const machines = [aMember('cp-1'), configured('cp-2', 'unreachable'), aMember('cp-3', { wanted: false })]
    const view = aView({ secretsVersion: 1, bootstrap, machines })
    expect(kindsOf(view)).toEqual([])
    expect(holdsOf(view)).toContain('etcd-quorum-at-risk cp-3')
  })

  test('[P2] the silent member itself may go', () => {
    const machines = [aMember('cp-1'), configured('cp-2', 'unreachable', false), aMember('cp-3')]
    expect(kindsOf(aView({ secretsVersion: 1, bootstrap, machines }))).toEqual(['machine.remove cp-2'])
  })

  test('[P1] nobody else leaves while a removal runs, whoever looks sicker by then', () => {
    const machines = [
      aMember('cp-1'),
      aMember('cp-2', { wanted: false, etcd: 'unhealthy' }),
      aMember('cp-3', { wanted: false }),
    ]
    const running = anOperation('machine.remove', machineIdOf('cp-3'))
    const view = aView({ secretsVersion: 1, bootstrap, machines, operations: [running] })
    expect(kindsOf(view)).toEqual([])
    expect(holdsOf(view)).toContain('membership-change-in-flight cp-2')
  })

  test('[P1][P2] the only member waits for its successor, and the successor does not wait for it', () => {
    const only = { machineId: machineIdOf('cp-1'), founders: [machineIdOf('cp-1')] }
    const up = aMachine('cp-2', { seen: seenMachine('cp-2', { stage: 'maintenance' }) })
    const before = aView({ secretsVersion: 1, bootstrap: only, machines: [aMember('cp-1', { wanted: false }), up] })
    expect(kindsOf(before)).toEqual(['machine.configure cp-2'])
    expect(holdsOf(before)).toContain('etcd-quorum-at-risk cp-1')
    const joined = [aMember('cp-1', { wanted: false }), aMember('cp-2')]
    expect(kindsOf(aView({ secretsVersion: 1, bootstrap: only, machines: joined }))).toEqual(['machine.remove cp-1'])
  })
})

describe('the whole cluster goes while a machine of it leaves', () => {
  const removalOf = (peers: readonly { machineId: string; name: string; address: string }[]) =>
    anOperation('machine.remove', machineIdOf('cp-3'), { input: { ...removal, peers: [...peers] } })
  const removal = {
    machineId: machineIdOf('cp-3'),
    name: 'cp-3',
    host: 'pve-1',
    vmid: 5003,
    clusterUid: aView().cluster.uid,
    role: 'controlplane' as const,
    address: '192.168.1.53',
    mac: '02:00:00:00:00:03',
    storage: 'local-zfs',
    vip: '192.168.1.50',
  }
  const goingWith = (operation: ReturnType<typeof removalOf>) => {
    const view = aView({ secretsVersion: 1, bootstrap, machines: [aMember('cp-3')], operations: [operation] })
    return plan({ ...view, cluster: { ...view.cluster, deletingAt: view.now } })
  }

  test('[O30] a removal that takes care of those who stay is called off, however long its pods would take', () => {
    const operation = removalOf([{ machineId: machineIdOf('cp-1'), name: 'cp-1', address: '192.168.1.51' }])
    const { cancel, operations, holds } = goingWith(operation)
    expect({ cancel, operations }).toEqual({ cancel: [operation.operationId], operations: [] })
    expect(holds).toContainEqual(expect.objectContaining({ code: 'operation-running', subject: 'cp-3' }))
  })

  test('one that takes care of nobody goes on', () => {
    expect(goingWith(removalOf([])).cancel).toEqual([])
  })
})
