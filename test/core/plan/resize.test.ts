import { describe, expect, test } from 'vitest'
import { shapeOf } from '#core/model/machine-shape.ts'
import { problem } from '#core/model/problem.ts'
import type { DriftSeen, MachineSeen } from '#core/model/seen.ts'
import type { MachineClassSpec } from '#core/model/machine-class.ts'
import { askedByName } from '#core/plan/documents.ts'
import { keptHash } from '#core/plan/machines.ts'
import { plan } from '#core/plan/plan.ts'
import { wantedHardware } from '#core/plan/resizing.ts'
import { clusterStatus } from '#core/plan/status.ts'
import type { ClusterView, MachineView } from '#core/plan/view.ts'
import { aCluster, aMachineClass, aNetwork, someDocuments } from '../../support/documents.ts'
import { aMember, aNode, anOperation, aPlacement, aView, machineIdOf, seenMachine } from '../../support/view.ts'

/** A settled cluster of three control planes and a worker, made as the first class says. */
const cluster = aCluster({ workers: { general: { class: 'cp-small', count: 1 } } })
const born = someDocuments({ cluster })
const founders = ['cp-1', 'cp-2', 'cp-3'].map(machineIdOf)
const WORKER = 'home-general-0'
const BIG = { cpu: 8, memoryMiB: 16_384 }

const madeAs = (name: string): Pick<MachineView, 'keptHash'> & { seen: Partial<MachineSeen> } => {
  const asked = askedByName(born).get(name)!
  return {
    keptHash: keptHash(born, asked),
    seen: { shape: shapeOf(wantedHardware(aPlacement(name), asked, born)) },
  }
}
const machine = (name: string, seen: Partial<MachineSeen> = {}, changes: Partial<MachineView> = {}): MachineView => {
  const made = madeAs(name)
  const own = name === WORKER
  const member = aMember(name, own ? { role: 'worker', birthHash: 'older' } : {})
  const base = own ? seenMachine(name, { intentHash: 'f'.repeat(64) }) : member.seen!
  return {
    ...member,
    keptHash: made.keptHash,
    placement: aPlacement(name, { ...BIG, role: own ? 'worker' : 'controlplane' }),
    node: aNode(name),
    seen: { ...base, ...made.seen, ...seen },
    ...changes,
  }
}
const all = (): MachineView[] => ['cp-1', 'cp-2', 'cp-3', WORKER].map((name) => machine(name))
const view = (spec: Partial<MachineClassSpec>, changes: Partial<ClusterView> = {}): ClusterView =>
  aView({
    ...born,
    machineClasses: { 'cp-small': aMachineClass(spec) },
    secretsVersion: 1,
    bootstrap: { machineId: founders[0]!, founders },
    machines: all(),
    operations: [anOperation('cluster.check', cluster.uid, { state: 'succeeded' })],
    ...changes,
  })
const resizes = (of: ClusterView) =>
  plan(of).operations.flatMap(({ kind, input }) =>
    kind === 'machine.resize' && 'restart' in input ? [`${input.name} ${input.restart}`] : [],
  )
const holds = (of: ClusterView) => plan(of).holds.map(({ code, subject }) => `${code} ${subject}`)
const findings = (of: ClusterView) => plan(of).findings.map(({ text }) => text)
const without = (name: string, instead: MachineView): MachineView[] =>
  all().map((one) => (one.name === name ? instead : one))
const GROWN = { cpu: 8, memory: '16Gi' }

describe('what a class says now', () => {
  test('nothing happens to machines that are what it says, whatever it chooses hosts by', () => {
    expect(resizes(view({}))).toEqual([])
    expect(resizes(view({ where: 'host.threads > 4', pins: { 'cp-1': 'prod-srv-01' } }))).toEqual([])
  })

  test('[P4][P20] machines are restarted one at a time, control planes first', () => {
    expect(resizes(view(GROWN))).toEqual(['cp-1 always'])
    expect(holds(view(GROWN))).toEqual([
      'disruption-in-flight cp-2',
      'disruption-in-flight cp-3',
      `disruption-in-flight ${WORKER}`,
    ])
    const grown = { shape: { ...madeAs('cp-1').seen.shape!, ...BIG } }
    const done = ['cp-1', 'cp-2', 'cp-3'].map((name) => machine(name, grown))
    expect(resizes(view(GROWN, { machines: [...done, machine(WORKER)] }))).toEqual([`${WORKER} always`])
  })

  test('[P4] none is restarted while another node is away, joining or leaving; the one that is away may be', () => {
    const away = machine('cp-3', { stage: 'unreachable' })
    expect(resizes(view(GROWN, { machines: without('cp-3', away) }))).toEqual(['cp-3 always'])
    const twoAway = [machine('cp-1'), machine('cp-2', { stage: 'unreachable' }), away, machine(WORKER)]
    expect(resizes(view(GROWN, { machines: twoAway }))).toEqual([])
    const left = [...all(), aMember('cp-9', { wanted: false })]
    expect(holds(view(GROWN, { machines: left }))).toContain('disruption-in-flight cp-1')
    const joining = [...all().slice(0, 2), aMember('cp-3', { etcd: 'learner' }), machine(WORKER)]
    expect(resizes(view(GROWN, { machines: joining }))).toEqual([])
  })

  test('[P2] a control plane stays up while the others could not carry etcd; the only one goes, and the plan says so', () => {
    const two = view(GROWN, { machines: [machine('cp-1'), machine('cp-2')] })
    expect([resizes(two), holds(two).slice(0, 2)]).toEqual([
      [],
      ['etcd-quorum-at-risk cp-1', 'etcd-quorum-at-risk cp-2'],
    ])
    const small = aCluster({ machines: { 'cp-1': '192.168.1.51' } })
    const only = view(GROWN, { cluster: small, machines: [machine('cp-1')] })
    expect(resizes(only)).toEqual(['cp-1 always'])
    expect(findings(only)).toEqual([
      'cp-1 is power cycled, for: cpu 4 → 8, memory 8Gi → 16Gi. There is one control plane: the Kubernetes API is away meanwhile.',
    ])
  })

  test('[P20] what a running machine takes needs no slot, and all get it at once', () => {
    expect(resizes(view({ tags: ['prod'], protection: true }))).toEqual(
      ['cp-1', 'cp-2', 'cp-3', WORKER].map((name) => `${name} never`),
    )
    expect(findings(view({ tags: ['prod'] }))).toEqual([])
  })

  test('[P20] a second network moves to another VLAN while machines run; that of the nodes stays', () => {
    const two = aCluster({ workers: { general: { class: 'cp-small', count: 1, nics: ['lan', 'storage'] } } })
    const networks = (vlan: number, lan = {}) => ({
      lan: aNetwork(lan),
      storage: aNetwork({ bridge: 'vmbr1', cidr: '10.0.0.0/24', vlan }),
    })
    const before = someDocuments({ cluster: two, networks: networks(20) })
    const asked = askedByName(before).get(WORKER)!
    const [lan] = aPlacement(WORKER).nics
    const nics = [lan!, { ...lan!, network: 'storage', bridge: 'vmbr1', mac: '02:00:00:00:01:01', address: '10.0.0.9' }]
    const placement = aPlacement(WORKER, { role: 'worker', nics })
    const shape = shapeOf(wantedHardware(placement, asked, before))
    const worker = machine(WORKER, { shape }, { placement, birthHash: 'older', keptHash: keptHash(before, asked) })
    const only = (now: ReturnType<typeof networks>) => view({}, { cluster: two, networks: now, machines: [worker] })
    expect(resizes(only(networks(20)))).toEqual([])
    expect(resizes(only(networks(30)))).toEqual([`${WORKER} never`])
    expect(holds(only(networks(20, { vlan: 7 })))).toContain(`change-not-supported ${WORKER}`)
  })

  test('[P20] a place that does not hold it is a hold with the arithmetic, and the cluster is not ready', () => {
    const growthRefusal = problem('no-capacity', { arithmetic: 'memory 88Gi = 0 free, needed 8Gi more' })
    const placement = aPlacement('cp-1')
    const refused = view(GROWN, { machines: without('cp-1', machine('cp-1', {}, { placement, growthRefusal })) })
    expect(plan(refused).holds[0]).toMatchObject({
      code: 'growth-refused',
      subject: 'cp-1',
      facts: { problem: 'no-capacity', arithmetic: 'memory 88Gi = 0 free, needed 8Gi more' },
    })
    // The others go on.
    expect(resizes(refused)).toEqual(['cp-2 always'])
    const alone = { ...refused, machines: [refused.machines[0]!] }
    expect(clusterStatus(alone, plan(alone)).phase).toBe('changing')
  })

  test('[P20] a dry run says who is power cycled and why', () => {
    expect(findings(view({ ...GROWN, disks: [{ size: '64Gi' }] }))).toEqual([
      `cp-1, cp-2, cp-3, ${WORKER} are power cycled, one after the other, for: cpu 4 → 8, memory 8Gi → 16Gi, disk talos-system 32Gi → 64Gi.`,
    ])
  })

  test('a machine whose agent cannot tell as what it was made is changed when its class did', () => {
    const untold = machine('cp-1', { shape: undefined })
    expect(resizes(view({}, { machines: without('cp-1', untold) }))).toEqual([])
    expect(resizes(view(GROWN, { machines: without('cp-1', untold) }))).toEqual(['cp-1 if-needed'])
  })

  test('what cannot be changed in place holds, and nothing is restarted for it', () => {
    expect(resizes(view({ ...GROWN, firmware: 'seabios' }))).toEqual([])
    expect(holds(view({ firmware: 'seabios' }))).toContain('change-not-supported cp-1')
  })

  test('a machine that is off because it is restarted is not started by anybody else, and not lost', () => {
    const off = machine('cp-1', { power: 'off', stage: 'unreachable' })
    const open = anOperation('machine.resize', machineIdOf('cp-1'), { input: { restart: 'always' } as never })
    const restarting = view(GROWN, { machines: without('cp-1', off) })
    const during = { ...restarting, operations: [...restarting.operations, open] }
    expect(plan(during).operations).toEqual([])
    expect(clusterStatus(during, plan(during)).machines.map(({ phase }) => phase)).toContain('configured')
    expect(plan(restarting).operations.map(({ kind }) => kind)).toContain('machine.start')
  })

  test('[P1] no control plane joins while another is restarted, and none is restarted while one is about to join', () => {
    const five = aCluster({ machines: { ...cluster.spec.controlPlane.machines, 'cp-4': '192.168.1.54' } })
    const coming = aMember('cp-4', { seen: seenMachine('cp-4', { stage: 'maintenance' }), node: undefined })
    const machines = [...all(), coming]
    expect(resizes(view(GROWN, { cluster: five, machines }))).toEqual([])
    const open = anOperation('machine.resize', machineIdOf('cp-1'), { input: { restart: 'always' } as never })
    const during = view({}, { cluster: five, machines, operations: [open] })
    expect(holds(during)).toContain('membership-change-in-flight cp-4')
  })

  test('[P1] no control plane leaves while another is restarted', () => {
    const open = anOperation('machine.resize', machineIdOf('cp-1'), { input: { restart: 'always' } as never })
    const leaving = [...all(), aMember('cp-4', { wanted: false })]
    const during = view({}, { machines: leaving, operations: [open] })
    expect(plan(during).operations.filter(({ kind }) => kind === 'machine.remove')).toEqual([])
    expect(holds(during)).toContain('membership-change-in-flight cp-4')
  })
})

describe('what somebody else changed', () => {
  const memory: DriftSeen = { attribute: 'memory-mib', class: 'pending', wanted: '8192', seen: '4096' }
  const tags: DriftSeen = { attribute: 'tags', class: 'hot', wanted: 'lanline', seen: '' }
  const moved: DriftSeen = { attribute: 'disk data storage', class: 'hot', wanted: 'a', seen: 'b', byHand: true }
  const drifted = (drift: readonly DriftSeen[], policy?: 'alert' | 'correct' | 'ignore'): ClusterView =>
    view(
      {},
      {
        machines: without('cp-1', machine('cp-1', { drift: [...drift] })),
        cluster: { ...cluster, spec: { ...cluster.spec, drift: policy } },
      },
    )

  test.each([undefined, 'alert'] as const)('[P21] is told and left alone by default, policy %s', (policy) => {
    expect(resizes(drifted([memory], policy))).toEqual([])
    expect(findings(drifted([memory], policy))).toEqual([
      'cp-1 is not what it was made: memory-mib is 4096, should be 8192. Change it back on the host, or have Lanline do it: spec.drift: correct.',
    ])
    expect(clusterStatus(drifted([memory]), plan(drifted([memory]))).phase).not.toBe('degraded')
  })

  test('[P21] is not even told where its owner does not want to know', () => {
    expect([resizes(drifted([memory], 'ignore')), findings(drifted([memory], 'ignore'))]).toEqual([[], []])
  })

  test('[P21] is changed back where its owner wants that, with a restart only when it takes one', () => {
    expect(resizes(drifted([tags], 'correct'))).toEqual(['cp-1 never'])
    expect(resizes(drifted([tags, memory], 'correct'))).toEqual(['cp-1 if-needed'])
    expect(findings(drifted([tags], 'correct'))).toEqual([])
  })

  test('[P21] what only a person can mend is told, and tried by nobody', () => {
    expect(resizes(drifted([moved], 'correct'))).toEqual([])
    expect(findings(drifted([moved], 'correct'))).toEqual([
      'cp-1 is not what it was made: disk data storage is b, should be a. Change it back on the host, or remove the machine and let it be made anew.',
    ])
  })

  test('[P8] a person who works on the cluster is not undone', () => {
    const lock = { name: 'maintenance', holder: 'me', reason: 'work', since: 0, fence: 1 } as const
    expect(resizes({ ...drifted([tags], 'correct'), locks: [lock] })).toEqual([])
  })

  test('[P21] a machine on another host has not drifted: it is shown where it is', () => {
    const away = view({}, { machines: without('cp-1', machine('cp-1', { movedTo: 'prod-srv-02' })) })
    expect([resizes(away), findings(away)]).toEqual([[], []])
    expect(clusterStatus(away, plan(away)).machines.find(({ name }) => name === 'cp-1')?.host).toBe('prod-srv-02')
  })
})
