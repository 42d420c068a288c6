import { hashOf, type Json } from '#core/base/canonical-json.ts'
import type { ClusterStatus } from '#core/model/status.ts'
import type { Plan } from '#core/plan/plan-type.ts'
import { plan } from '#core/plan/plan.ts'
import { clusterStatus } from '#core/plan/status.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { RelayEnv } from '../env.ts'
import { gather, toView } from './gather.ts'
import type { ClusterStore } from './store.ts'
import { toWatch } from './watch.ts'

/** What one look at the object's document came to: what to record, to send and to publish, whatever kind it is of. */
export interface Look {
  readonly kind: 'Cluster' | 'Machine'
  readonly uid: string
  readonly name: string
  readonly generation: number
  readonly deleting: boolean
  readonly now: number
  readonly plan: Plan
  readonly status: ClusterStatus
  readonly watch: WatchPut
  readonly watchHash: string
}

/** undefined when the uid is that of no cluster. From the view on nothing is awaited (C1). */
export async function lookAtCluster(env: RelayEnv, store: ClusterStore): Promise<Look | undefined> {
  const gathered = await gather(env, store)
  if (!gathered) return undefined
  const now = Date.now()
  const view = toView(gathered, store, now)
  const next = plan(view)
  const watch = toWatch(view, next.forget)
  const { cluster } = view
  return {
    kind: 'Cluster',
    uid: cluster.uid,
    name: cluster.metadata.name,
    generation: cluster.generation,
    deleting: cluster.deletingAt !== undefined,
    now,
    plan: next,
    status: clusterStatus(view, next),
    watch,
    watchHash: hashOf(watch as unknown as Json),
  }
}
