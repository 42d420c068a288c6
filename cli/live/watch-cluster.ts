import { ok, type Result } from '#core/base/result.ts'
import { PLURALS } from '#core/model/document.ts'
import { pathOf, type Api } from '../api/client.ts'
import { followEvents } from '../api/events.ts'
import type { ApiError } from '../api/problem.ts'
import { LivingView, type EventView } from '../api/views.ts'

/**
 * Looks at a cluster until a verdict is reached. Events only say when to look again; what is shown and judged is always
 * what the API answers. Progress is the exception: no answer holds it, so the last step heard of is laid over each look.
 */
export interface Watch<V> {
  readonly cluster: string
  /** A machine that is none's has no followers; it is looked at again and again. */
  readonly kind?: 'Cluster' | 'Machine' | undefined
  /** undefined while there is nothing to say; `found` is undefined when the cluster does not exist. */
  readonly verdict: (found: LivingView | undefined) => V | undefined
  readonly onLook: (found: LivingView | undefined) => void
  readonly signal: AbortSignal
}

/** Events come in bursts; one look answers a burst. */
const GATHER_MS = 400
/** Looks without news: a net under the events, and the pace while they cannot be had. */
const QUIET_LOOK_MS = 15_000
const BLIND_LOOK_MS = 3_000

export type Watched<V> = { readonly ended: 'verdict'; readonly verdict: V } | { readonly ended: 'aborted' }

export async function watchCluster<V>(api: Api, watch: Watch<V>): Promise<Result<Watched<V>, ApiError>> {
  const done = new AbortController()
  const signal = AbortSignal.any([watch.signal, done.signal])
  const news = new News()
  const { kind = 'Cluster' } = watch
  let linked = false
  let last: LivingView | undefined
  const steps = new Map<string, string>()
  const show = () => watch.onLook(last && withSteps(last, steps))
  const follow = kind === 'Cluster' ? followEvents : () => undefined
  const following = follow(api.connection, {
    cluster: watch.cluster,
    // What happened before is in the answer of the first look.
    after: 'now',
    signal,
    onLink: (connected) => {
      linked = connected
      // What happened since the last look, and before this connection, nobody will tell.
      if (connected) news.arrive()
    },
    onEvent: (event) => {
      if (event.type !== 'progress') return news.arrive()
      remember(steps, event)
      show()
    },
  })
  try {
    for (;;) {
      const look = await lookAt(api, kind, watch.cluster)
      if (watch.signal.aborted) return ok({ ended: 'aborted' })
      if (look.ok) {
        last = look.value
        show()
        const verdict = watch.verdict(last)
        if (verdict !== undefined) return ok({ ended: 'verdict', verdict })
      } else if (look.error.kind === 'problem' && look.error.problem.status < 500) return look
      // A lost answer while waiting is no reason to give up: the cluster goes on without us.
      await news.wait(linked ? QUIET_LOOK_MS : BLIND_LOOK_MS, signal)
      if (watch.signal.aborted) return ok({ ended: 'aborted' })
    }
  } finally {
    done.abort()
    await following
  }
}

async function lookAt(
  api: Api,
  kind: 'Cluster' | 'Machine',
  name: string,
): Promise<Result<LivingView | undefined, ApiError>> {
  const answer = await api.call({ method: 'GET', path: pathOf(PLURALS[kind], name), answer: LivingView })
  if (answer.ok) return ok(answer.value.value)
  const missing = answer.error.kind === 'problem' && answer.error.problem.code === 'not-found'
  return missing ? ok(undefined) : answer
}

/** Steps of operations that ended long ago are dropped first. */
const MAX_STEPS = 1_000

function remember(steps: Map<string, string>, { facts }: EventView): void {
  const { operationId, step } = facts
  if (typeof operationId !== 'string' || typeof step !== 'string') return
  steps.delete(operationId)
  steps.set(operationId, step)
  const [oldest] = steps.keys()
  if (steps.size > MAX_STEPS && oldest !== undefined) steps.delete(oldest)
}

function withSteps(cluster: LivingView, steps: ReadonlyMap<string, string>): LivingView {
  if (!cluster.status || steps.size === 0) return cluster
  const machines = cluster.status.machines.map((machine) => {
    const step = machine.operation && steps.get(machine.operation.operationId)
    return machine.operation && step !== undefined ? { ...machine, operation: { ...machine.operation, step } } : machine
  })
  return { ...cluster, status: { ...cluster.status, machines } }
}

/** Remembers that something happened until somebody has waited for it. */
class News {
  #arrived = false
  #wake: (() => void) | undefined

  arrive(): void {
    this.#arrived = true
    this.#wake?.()
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#arrived) await this.#sleep(ms, signal, true)
    if (this.#arrived && !signal.aborted) await this.#sleep(GATHER_MS, signal, false)
    this.#arrived = false
  }

  #sleep(ms: number, signal: AbortSignal, wakeable: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      if (wakeable) this.#wake = done
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }
}
