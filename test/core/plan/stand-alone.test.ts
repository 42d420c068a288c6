import { describe, expect, test } from 'vitest'
import { MachineDocument, isManaged, type ManagedDocument, type Stored } from '#core/model/document.ts'
import { problem } from '#core/model/problem.ts'
import { planStandAlone } from '#core/plan/stand-alone/plan.ts'
import { standAloneStatus } from '#core/plan/stand-alone/status.ts'
import {
  askedOf,
  birthOf,
  completeStandAlone,
  reconcileStandAlone,
  requestOf,
  type StandAloneDocuments,
  type StandAloneView,
} from '#core/plan/stand-alone/view.ts'
import { aMachineClass, aNetwork, aSite } from '../../support/documents.ts'
import { aMachine, anOperation, aPlacement, machineIdOf, seenMachine } from '../../support/view.ts'

/** Machines that are no nodes. */
const UID = '0g000000000000000001'
const DISKS = { disks: [{ size: '32Gi' }, { size: '500Gi', name: 'tank' }] }
function aGuest(spec: object = {}, changed: Partial<Stored> = {}): Stored<ManagedDocument> {
  const document = MachineDocument.parse({
    apiVersion: 'lanline/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'nas-1' },
    spec: { site: 'home', mode: 'managed', class: 'nas', nics: [{ network: 'lan', ip: '192.168.1.45' }], ...spec },
  })
  if (!isManaged(document)) throw new Error('not managed')
  return { ...document, uid: UID, generation: 1, createdAt: 0, updatedAt: 0, ...changed } as Stored<ManagedDocument>
}
const documentsOf = (machine = aGuest()): StandAloneDocuments => ({
  machine,
  site: aSite(),
  networks: { lan: aNetwork() },
  machineClasses: { nas: aMachineClass(DISKS) },
})
const kept = aMachine('nas-1', { role: 'worker', placement: aPlacement('nas-1', { role: 'worker', clusterUid: UID }) })
const aView = (changed: Partial<StandAloneView> = {}): StandAloneView => ({
  ...documentsOf(),
  now: 1_000_000,
  agent: { online: true, since: 0 },
  seenAt: 1_000_000,
  machines: [kept],
  operations: [],
  locks: [],
  holds: [],
  placementFindings: [],
  ...changed,
})
const kinds = (view: StandAloneView) => planStandAlone(view).operations.map(({ kind }) => kind)
const holds = (view: StandAloneView) => planStandAlone(view).holds.map(({ code }) => code)
const phase = (view: StandAloneView) => standAloneStatus(view, planStandAlone(view)).phase
const seen = (power: 'on' | 'off' | 'absent' | 'unknown') => [{ ...kept, seen: seenMachine('nas-1', { power }) }]
const deleting = aGuest({}, { deletingAt: 1 })

describe('a managed machine', () => {
  test.each([
    ['is made when it has a place', {}, ['machine.create'], [], 'creating'],
    ['is made again when it is gone', { machines: seen('absent') }, ['machine.create'], [], 'creating'],
    ['is started when it is off', { machines: seen('off') }, ['machine.start'], [], 'changing'],
    ['is left alone while it runs', { machines: seen('on') }, [], [], 'ready'],
    [
      '[P7] waits while nobody knows whether it is there',
      { machines: seen('unknown') },
      [],
      ['machine-unclear'],
      'waiting',
    ],
    ['waits for its agent', { agent: { online: false, since: 5 } }, [], ['agent-offline'], 'waiting'],
    ['waits until its site was seen', { seenAt: undefined }, [], ['site-unseen'], 'waiting'],
    ['waits for a class that is gone', { machineClasses: {} }, [], ['reference-missing'], 'waiting'],
    [
      '[P11] is removed when its document goes',
      { machine: deleting, machines: seen('on') },
      ['machine.remove'],
      [],
      'deleting',
    ],
    ['is gone when nothing of it was ever made', { machine: deleting }, [], [], 'gone'],
    [
      '[P8] is not touched while a person holds the lock',
      { locks: [{ name: 'maintenance', holder: 'ana', reason: 'disk swap', since: 0, fence: 1 }] },
      [],
      ['locked'],
      'waiting',
    ],
  ] as const)('%s', (_, changed, wished, waits, shown) => {
    const view = aView(changed as Partial<StandAloneView>)
    expect([kinds(view), holds(view), phase(view)]).toEqual([wished, waits, shown])
  })

  test('[P5] that finds no room says why', () => {
    const refusal = problem('no-capacity', { arithmetic: '8 − 8 = 0 free' })
    const view = aView({ machines: [{ ...kept, placement: undefined, refusal }] })
    expect(planStandAlone(view).holds).toMatchObject([
      { code: 'not-placed', subject: 'nas-1', facts: { problem: 'no-capacity', arithmetic: '8 − 8 = 0 free' } },
    ])
  })

  test('that is deleted while it is made ends that first, and is forgotten only when its absence is proven', () => {
    const making = anOperation('machine.create', kept.machineId)
    const ending = planStandAlone(aView({ machine: deleting, operations: [making] }))
    expect([ending.cancel, ending.operations, ending.forget]).toEqual([[making.operationId], [], []])
    const removed = anOperation('machine.remove', kept.machineId, { state: 'succeeded', finishedAt: 1 })
    expect(planStandAlone(aView({ machine: deleting, operations: [removed] })).forget).toEqual([kept.machineId])
  })

  test('that is forgotten is gone at once, is not touched, and what is under way for it ends', () => {
    const machine = aGuest({}, { deletingAt: 1, forgottenAt: 2 })
    const making = anOperation('machine.create', kept.machineId)
    // Neither an agent that is away nor a lock keeps it.
    const view = aView({ machine, machines: seen('on'), operations: [making], agent: { online: false, since: 5 } })
    const { operations, cancel, forget, holds: waits } = planStandAlone(view)
    expect([operations, cancel, forget, waits]).toEqual([[], [making.operationId], [kept.machineId], []])
    expect(phase(view)).toBe('gone')
  })

  test.each([
    [{ image: 'local:import/debian-13.qcow2' }, { by: 'volume', image: 'local:import/debian-13.qcow2' }],
    [{ iso: 'local:iso/truenas-25.iso' }, { by: 'volume', iso: 'local:iso/truenas-25.iso' }],
    [undefined, { by: 'volume' }],
  ])('boots from what its document names: %j', (boot, told) => {
    const [creation] = planStandAlone(aView(documentsOf(aGuest({ boot })))).operations
    expect(creation?.input).toMatchObject({
      boot: told,
      talosVersion: '',
      clusterUid: UID,
      guestAgent: false,
      nameservers: ['192.168.1.1'],
      hardware: { nics: [{ gateway: '192.168.1.1' }] },
    })
  })

  test('asks for its place as its class and its own host say', () => {
    const documents = documentsOf(aGuest({ host: 'prod-srv-01', nics: [{ network: 'lan', mac: 'bc:24:11:00:00:0a' }] }))
    expect(requestOf(machineIdOf('nas-1'), documents)).toMatchObject({
      host: 'prod-srv-01',
      disks: [{ sizeGiB: 32 }, { name: 'tank', sizeGiB: 500 }],
      nics: [{ network: 'lan', address: undefined, mac: 'BC:24:11:00:00:0A' }],
    })
    expect(askedOf(documents.machine).nics).toHaveLength(1)
  })

  test('is born anew when its document changes before it is made, and stays what it is afterwards', () => {
    const before = { ...kept, birthHash: birthOf(documentsOf()), address: '192.168.1.45' }
    const changed = documentsOf(aGuest({ nics: [{ network: 'lan', ip: '192.168.1.46' }] }))
    const mint = () => machineIdOf('newer')
    expect(reconcileStandAlone([before], documentsOf(), false, mint)).toEqual([before])
    expect(reconcileStandAlone([before], changed, false, mint).map(({ wanted }) => wanted)).toEqual([false, true])
    expect(reconcileStandAlone([before], changed, true, mint).map(({ wanted }) => wanted)).toEqual([true])
    expect(reconcileStandAlone([before], undefined, true, mint).map(({ wanted }) => wanted)).toEqual([false])
  })

  test('of which a reference is gone is not planned from half its documents', () => {
    expect(completeStandAlone({ ...documentsOf(), networks: {} })).toBeUndefined()
  })
})

describe('a managed machine is refused with one sentence at the field', () => {
  const saying = (spec: object) =>
    MachineDocument.safeParse({ ...aGuest(), uid: undefined, spec: { ...aGuest().spec, ...spec } }).error?.issues.map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    )
  test.each([
    [{ mode: 'keep' }, 'spec.mode: must say mode: adopt or mode: managed'],
    [{ boot: {} }, 'spec.boot: name either an image or an iso'],
    [{ boot: { image: 'debian.qcow2' } }, 'spec.boot.image: must be a volume like local:import/debian-13.qcow2'],
    [{ boot: { iso: 'local:import/x.iso' } }, 'spec.boot.iso: must be a volume like local:iso/truenas-25.iso'],
    [{ nics: [{ network: 'lan' }, { network: 'lan' }] }, 'spec.nics: a machine has one NIC in a network'],
  ])('%j', (spec, said) => {
    expect(saying(spec)).toContain(said)
  })
})
