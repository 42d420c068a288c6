import { describe, expect, test } from 'vitest'
import { MAX_UNACKNOWLEDGED } from '#agent/journal/operation-table.ts'
import { aJournal, anOffer, aStateDir, CLUSTER, MACHINE } from './journal-at.ts'

const id = anOffer().operationId

describe('operations', () => {
  test('[O11] an accepted operation is found running after the journal is opened again', () => {
    const dir = aStateDir()
    const journal = aJournal(dir)
    journal.operations.accept(anOffer())
    journal.close()
    const again = aJournal(dir)
    expect(again.operations.running().map(({ operationId, input }) => ({ operationId, input }))).toEqual([
      { operationId: id, input: anOffer().input },
    ])
    expect(again.instanceId).toBe(journal.instanceId)
    expect(again.incarnation).toBe(journal.incarnation + 1)
    again.close()
  })

  test('[O13] the first result stays, and is kept until its own attempt is acknowledged', () => {
    const { operations } = aJournal()
    operations.accept(anOffer(1, { attempt: 2 }))
    operations.finish(id, { outcome: 'succeeded', output: {} })
    operations.finish(id, { outcome: 'cancelled' })
    operations.acknowledge(id, 1)
    expect(operations.unacknowledged()).toHaveLength(1)
    expect(operations.find(id)?.result).toEqual({ outcome: 'succeeded', output: {} })
    operations.acknowledge(id, 2)
    expect(operations.unacknowledged()).toEqual([])
  })

  test('[O13] a result that nobody acknowledged outlives any absence; an acknowledged one is kept for seven days', () => {
    let nowMs = 0
    const { operations } = aJournal(undefined, { now: () => nowMs })
    const known = () => [1, 2, 3].filter((number) => operations.find(anOffer(number).operationId) !== undefined)
    for (const number of [1, 2]) {
      operations.accept(anOffer(number))
      operations.finish(anOffer(number).operationId, { outcome: 'succeeded', output: {} })
    }
    operations.acknowledge(anOffer(2).operationId, 1)
    const dayMs = 24 * 60 * 60_000
    nowMs = 7 * dayMs
    operations.accept(anOffer(3))
    expect(known()).toEqual([1, 2, 3])
    nowMs = 30 * dayMs
    operations.accept(anOffer(4))
    expect(known()).toEqual([1, 3])
    expect(operations.unacknowledged().map(({ operationId }) => operationId)).toContain(anOffer(1).operationId)
  })

  test('[O12] an acknowledged operation is still known, so that a late copy of its offer starts nothing', () => {
    const { operations } = aJournal()
    operations.accept(anOffer())
    operations.finish(id, { outcome: 'succeeded', output: {} })
    operations.acknowledge(id, 1)
    expect(operations.find(id)).toMatchObject({ acked: true, result: { outcome: 'succeeded' } })
    expect(operations.running()).toEqual([])
  })

  test('[O11] an acknowledgement before the outcome changes nothing; forgetting keeps a running one running', () => {
    const { operations } = aJournal()
    operations.accept(anOffer())
    operations.acknowledge(id, 1)
    expect(operations.unacknowledged()).toHaveLength(1)
    operations.forget([id])
    expect(operations.unacknowledged()).toEqual([])
    expect(operations.running()).toHaveLength(1)
  })

  test('[O18] a full journal refuses the next operation and still takes every outcome', () => {
    const { operations } = aJournal()
    for (let n = 1; n <= MAX_UNACKNOWLEDGED; n++) operations.accept(anOffer(n))
    expect(operations.accept(anOffer(MAX_UNACKNOWLEDGED + 1))).toMatchObject({
      ok: false,
      error: { code: 'journal-full', retry: 'later' },
    })
    operations.finish(id, { outcome: 'cancelled' })
    operations.acknowledge(id, 1)
    expect(operations.accept(anOffer(MAX_UNACKNOWLEDGED + 1)).ok).toBe(true)
  })

  test('[O14] the fence of a cluster only grows', () => {
    const { operations } = aJournal()
    operations.accept(anOffer(1, { clusterFence: 5 }))
    operations.accept(anOffer(2, { clusterFence: 3 }))
    expect(operations.fenceOf(CLUSTER)).toBe(5)
    expect(operations.fenceOf('zzzzzzzzzzzzzzzzzzzz')).toBe(0)
  })

  test('[O15] a restart does not extend a deadline: the work began when it first began', () => {
    let now = 1_000
    const { operations } = aJournal(aStateDir(), { now: () => now })
    operations.accept(anOffer())
    expect(operations.markStarted(id)).toBe(1_000)
    now = 9_000
    expect(operations.markStarted(id)).toBe(1_000)
  })

  test('what a finished configuration taught is there with its result, and gone with the machine', () => {
    const journal = aJournal()
    const { operations, machines } = journal
    const intent = {
      talosVersion: 'v1.13.9',
      kubernetesVersion: 'v1.36.3',
      schematicId: 's',
      clusterName: 'home',
      vip: '192.168.1.50',
      role: 'controlplane',
      schedulable: true,
      hostname: 'cp-1',
      nics: [{ mac: '02:00:00:00:00:01', addressCidr: '192.168.1.51/24', gateway: '192.168.1.1' }],
      networkCidr: '192.168.1.0/24',
      nameservers: [],
    } as const
    operations.accept(
      anOffer(1, {
        kind: 'machine.configure',
        input: {
          machineId: MACHINE,
          name: 'cp-1',
          clusterUid: CLUSTER,
          address: '192.168.1.51',
          secretsVersion: 1,
          intent: { ...intent, nics: [...intent.nics], nameservers: [] },
          intentHash: 'h',
        },
      }),
    )
    operations.finish(id, { outcome: 'succeeded', output: { intentHash: 'h', configToken: 't' } })
    expect(machines.find(MACHINE)).toEqual({ intentHash: 'h', configToken: 't' })
    operations.accept(
      anOffer(2, {
        kind: 'machine.remove',
        input: {
          machineId: MACHINE,
          name: 'cp-1',
          host: 'pve',
          vmid: 5000,
          clusterUid: CLUSTER,
          address: '192.168.1.51',
          mac: '02:00:00:00:00:01',
          vip: '192.168.1.50',
          peers: [],
        },
      }),
    )
    operations.finish(anOffer(2).operationId, { outcome: 'succeeded', output: { leftovers: [] } })
    expect(machines.find(MACHINE)).toBeUndefined()
  })
})

describe('steps', () => {
  test('[O10] tells a step that was never begun from one begun with unknown outcome and one done, across a restart', () => {
    const dir = aStateDir()
    const journal = aJournal(dir)
    journal.operations.accept(anOffer())
    const steps = journal.operations.steps(id)
    expect(steps.intend('create', 'keyed-create')).toEqual({ before: 'never' })
    steps.rememberHandle('create', 'UPID:pve:1')
    journal.close()

    const again = aJournal(dir)
    const resumed = again.operations.steps(id)
    expect(resumed.intend('create', 'keyed-create')).toEqual({ before: 'unknown' })
    expect(resumed.handleOf('create')).toBe('UPID:pve:1')
    expect(again.operations.find(id)?.step).toBe('create')
    resumed.done('create', 'vmid 5000')
    expect(resumed.intend('create', 'keyed-create')).toEqual({ before: 'done' })
    again.close()
  })

  test('[O10] a handle without an intent is a bug and says so', () => {
    const journal = aJournal()
    journal.operations.accept(anOffer())
    expect(() => journal.operations.steps(id).rememberHandle('create', 'UPID')).toThrow(/intended before/)
  })
})

describe('the rest', () => {
  test('[S20] the confirmed epoch never goes back', () => {
    const journal = aJournal()
    journal.confirmEpoch(7)
    journal.confirmEpoch(3)
    expect(journal.lastEpoch()).toBe(7)
  })

  test('a sealed bundle is inserted once: the first ciphertext stays', () => {
    const { secrets } = aJournal()
    expect(secrets.put(CLUSTER, 1, 'first')).toBe('first')
    expect(secrets.put(CLUSTER, 1, 'second')).toBe('first')
    expect(secrets.get(CLUSTER, 2)).toBeUndefined()
  })

  test('a watch replaces the one before, and an empty one ends it', () => {
    const { watches } = aJournal()
    const watch = {
      type: 'watch.put' as const,
      clusterUid: CLUSTER,
      clusterName: 'home',
      vip: '192.168.1.50',
      secretsVersion: 1,
      machines: [
        { machineId: MACHINE, name: 'cp-1', role: 'worker' as const, address: '192.168.1.51', host: 'pve', vmid: 5000 },
      ],
    }
    watches.put({ ...watch, secretsVersion: 0 })
    watches.put(watch)
    expect(watches.all()).toEqual([watch])
    watches.put({ ...watch, machines: [] })
    expect(watches.all()).toEqual([])
  })
})
