import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import type { ClusterStatus } from '#core/model/status.ts'
import type { Plan } from '#core/plan/plan-type.ts'
import { ClusterStore } from '#durable-objects/cluster/store.ts'
import { publishedHash } from '#durable-objects/cluster/settled.ts'
import { clusterStub, newUid } from '../support/relay-world.ts'

const aPlan = (changes: Partial<Plan> = {}): Plan => ({
  operations: [],
  cancel: [],
  forget: [],
  holds: [],
  findings: [],
  ...changes,
})

const aStatus = (changes: Partial<ClusterStatus> = {}): ClusterStatus => ({
  phase: 'creating',
  observedGeneration: 1,
  bootstrapped: false,
  machines: [],
  waiting: [],
  findings: [],
  ...changes,
})

const inAStore = <T>(work: (store: ClusterStore) => T): Promise<T> =>
  runInDurableObject(clusterStub(newUid()), (_object, state) => work(new ClusterStore(state.storage)))

describe('ClusterStore', () => {
  test('[P3] the bootstrap lock is written once and never again', async () => {
    await inAStore((store) => {
      store.record(aPlan({ bootstrap: { machineId: 'first', founders: ['first'] } }), aStatus(), [], 1)
      store.record(aPlan({ bootstrap: { machineId: 'second', founders: ['second'] } }), aStatus(), [], 2)
      expect(store.bootstrap).toEqual({ machineId: 'first', founders: ['first'] })
    })
  })

  test('[C11] the contract survives every plan that does not name another', async () => {
    await inAStore((store) => {
      store.record(aPlan({ contract: '1.13' }), aStatus(), [], 1)
      store.record(aPlan(), aStatus(), [], 2)
      expect(store.contract).toBe('1.13')
    })
  })

  test('[C3] recording the same plan and status again writes no row', async () => {
    const rows = await inAStore((store) => {
      store.record(aPlan(), aStatus(), [], 1)
      store.sql.takeRowsWritten()
      store.record(aPlan(), aStatus(), [], 2)
      return store.sql.takeRowsWritten()
    })
    expect(rows).toBe(0)
  })

  test('[C8] a lock keeps its fence through a release and grows it with each new holder', async () => {
    await inAStore(({ locks }) => {
      locks.grant('lifecycle', 'create', 'x', 1)
      locks.grant('lifecycle', 'create', 'x', 2)
      expect(locks.held()).toMatchObject([{ holder: 'create', fence: 1, since: 1 }])
      locks.release('lifecycle')
      expect(locks.held()).toEqual([])
      locks.grant('lifecycle', 'destroy', 'x', 3)
      expect(locks.held()).toMatchObject([{ holder: 'destroy', fence: 2 }])
    })
  })

  test('[C8] the fence grows when the wishes change and only then', async () => {
    await inAStore((store) => {
      const grown = [1, 1, 2].map((generation) => store.growFence({ generation, deleting: false }))
      expect([...grown, store.growFence({ generation: 2, deleting: true })]).toEqual([true, false, true, true])
      expect(store.fence).toBe(3)
    })
  })
})

describe('publishedHash', () => {
  test('the age of an observation alone is not worth a row', () => {
    expect(publishedHash(aStatus({ seenAt: 1 }))).toBe(publishedHash(aStatus({ seenAt: 2 })))
    expect(publishedHash(aStatus())).not.toBe(publishedHash(aStatus({ phase: 'ready' })))
  })
})
