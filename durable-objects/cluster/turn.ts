import { OPERATION_LIMITS, type Operation } from '#core/model/operation.ts'
import type { ClusterEvent } from '#core/model/event.ts'
import { eventsBetween } from '#core/plan/events.ts'
import { openDb } from '#db/open.ts'
import { publishStatus } from '#db/statuses.ts'
import type { RelayEnv } from '../env.ts'
import type { OperationMail } from '../ports.ts'
import { siteObject } from '../stubs.ts'
import { lookAtMachine } from './gather-machine.ts'
import { lookAtCluster, type Look } from './look.ts'
import { publishedHash, settledEvent } from './settled.ts'
import type { ClusterStore } from './store.ts'

/** Operations per submit; inputs are a few KiB each and a call carries at most 32 MiB. */
const SUBMIT_BATCH = 50

export interface Turn {
  readonly lookAgainAt: number | undefined
  /** The cluster and all its machines are gone, and everyone knows. */
  readonly gone: boolean
}

/**
 * One look at a cluster, or at a machine that is none's, and what follows from it:
 *
 *   1 gather    read D1, get machines a place, ask what is seen             (awaits)
 *   2 plan      view → plan → record, in one turn in which nothing is awaited (C1)
 *   3 send      mail, cancellations, what to watch, placements to release   (repeatable)
 *   4 publish   the status, when people would learn something new
 *
 * A failure anywhere leaves what is remembered for the next turn to send again.
 */
export async function takeTurn(
  env: RelayEnv,
  store: ClusterStore,
  tell: (events: readonly ClusterEvent[]) => void,
): Promise<Turn> {
  if (store.uid === undefined) return { lookAgainAt: undefined, gone: false }
  const look = (await lookAtCluster(env, store)) ?? (await lookAtMachine(env, store, store.uid))
  // Not written yet, or its name was taken over after it was gone.
  if (!look) return { lookAgainAt: undefined, gone: store.machines.all().length === 0 && !stillPromised(store) }
  tell(record(store, look))

  await send(env, store, look)
  await publish(env, store, look)
  return { lookAgainAt: look.plan.lookAgainAt, gone: look.status.phase === 'gone' }
}

const stillPromised = (store: ClusterStore): boolean => (store.promisedAt ?? 0) > Date.now()

function record(store: ClusterStore, look: Look): readonly ClusterEvent[] {
  const { name, generation, deleting, now, plan: next, status } = look
  // Queued offers of the older wishes go out again under the newer fence; the agent would refuse them otherwise.
  if (store.growFence({ generation, deleting })) store.operations.submitQueuedAgain()
  if (deleting) store.locks.grant('lifecycle', 'destroy', `${name} is being deleted`, now)
  else if (status.phase === 'creating') store.locks.grant('lifecycle', 'create', `${name} is being created`, now)
  else store.locks.release('lifecycle')
  const events = [...eventsBetween(name, store.status, status, now), ...settledEvent(name, store.status, status, now)]
  return store.record(next, status, events, now).events
}

async function send(env: RelayEnv, store: ClusterStore, { uid, plan: next, watch, watchHash }: Look): Promise<void> {
  const { siteUid } = store
  if (siteUid === undefined) return
  const site = siteObject(env, siteUid)

  const queued = store.operations.unsubmitted()
  for (let i = 0; i < queued.length; i += SUBMIT_BATCH) {
    const batch = queued.slice(i, i + SUBMIT_BATCH)
    await site.submit(
      siteUid,
      batch.map((operation) => toMail(operation, uid, store.fence)),
    )
    store.operations.markSubmitted(batch.map((operation) => operation.operationId))
  }
  const ending = store.operations.uncancelled().map((operation) => operation.operationId)
  if (ending.length > 0) {
    await site.cancel(siteUid, ending)
    store.operations.markCancelSent(ending)
  }
  if (watchHash !== store.watchHash && (watch.machines.length > 0 || store.watchHash !== undefined)) {
    await site.watch(siteUid, watch)
    store.setWatchHash(watchHash)
  }
  if (next.forget.length > 0) {
    await site.release(uid, next.forget)
    // Only now: a machine that is forgotten here would hold its place at the site for ever.
    store.machines.forget(next.forget)
  }
}

const toMail = (operation: Operation, clusterUid: string, clusterFence: number): OperationMail => ({
  operationId: operation.operationId,
  kind: operation.kind,
  clusterUid,
  clusterFence,
  attempt: operation.attempt,
  deadlineMs: OPERATION_LIMITS[operation.kind].deadlineMs,
  input: operation.input,
})

async function publish(env: RelayEnv, store: ClusterStore, { kind, uid, status, now }: Look): Promise<void> {
  const hash = publishedHash(status)
  if (hash === store.publishedHash) return
  await publishStatus(openDb(env.DB), {
    uid,
    kind,
    phase: status.phase,
    status,
    observedGeneration: status.observedGeneration,
    at: now,
  })
  store.setPublishedHash(hash)
}
