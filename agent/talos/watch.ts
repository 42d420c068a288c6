import type { Clock } from '#core/base/clock.ts'
import { err, ok } from '#core/base/result.ts'
import type { Calls, Items } from './calls.ts'
import { readResource, type StateClient } from './cosi.ts'
import { isForgottenBookmark, isUnknownResourceType, ranOutOfTime, talosProblem } from './errors.ts'
import type { ResourceChange, NodeResource } from './node-resources.ts'
import { EventType, type Event } from './proto/state_pb.js'
import type { ResourceKind } from './resource-types.ts'

/**
 * A watch of one kind of resource that outlives its connections. The node first tells all there is; each event carries a
 * bookmark, and after a loss the watch goes on behind the last one. A node that does not know the bookmark (it was
 * started again) is asked for everything anew. Pauses between attempts grow, and a word from the node resets them.
 *
 * Source: cosi-project/runtime pkg/state/protobuf/server/server.go; facts talos.md §4.6.
 */
const WATCH_API_VERSION = 1
/** A node has a few dozen of any kind; a longer list is not collected but the last thing it says wins. */
const MAX_TOLD = 10_000

export async function* watchKind<T>(
  kind: ResourceKind<T>,
  { client, calls, clock }: { readonly client: StateClient; readonly calls: Calls; readonly clock: Clock },
  signal: AbortSignal,
): Items<ResourceChange<T>> {
  const { address, limits } = calls
  /** Where the last connection was; of use only once everything was told. */
  let bookmark: Uint8Array | undefined
  let toldAll = false
  let pauseMs = limits.rewatchMs.first
  while (!signal.aborted) {
    const from: Uint8Array | undefined = toldAll ? bookmark : undefined
    const telling: Telling<T> = new Telling(kind, from !== undefined)
    const over = new AbortController()
    const options = { signal: AbortSignal.any([signal, over.signal]), timeoutMs: limits.followMs }
    try {
      for await (const { event: events } of client.watch(requestFor(kind, from), options)) {
        for (const event of events) {
          const change = telling.hear(event)
          bookmark = event.bookmark
          toldAll = telling.complete
          if (change) yield ok(change)
        }
        pauseMs = limits.rewatchMs.first
      }
    } catch (error) {
      if (signal.aborted) return
      // Its age is no loss: what is known is as fresh as it was.
      if (ranOutOfTime(error)) continue
      if (isUnknownResourceType(error)) {
        yield ok({ is: 'all', resources: [] })
        return
      }
      if (from !== undefined && isForgottenBookmark(error)) {
        toldAll = false
        continue
      }
      const problem = talosProblem(error, { name: 'watch', kind: 'read', address }, false)
      if (problem.retry === 'never') {
        yield err(problem)
        return
      }
      yield ok({ is: 'lost', problem })
    } finally {
      over.abort()
    }
    await clock.sleep(pauseMs, signal)
    pauseMs = Math.min(pauseMs * 2, limits.rewatchMs.longest)
  }
}

/** `options` is always sent: older nodes look into it without asking whether it is there. */
function requestFor({ namespace, type, id }: ResourceKind<unknown>, bookmark: Uint8Array | undefined) {
  const options =
    bookmark !== undefined ? { startFromBookmark: bookmark } : id === undefined ? { bootstrapContents: true } : {}
  return { namespace, type, options, apiVersion: WATCH_API_VERSION, ...(id === undefined ? {} : { id }) }
}

/** What one connection tells: first all there is, of a single resource only itself, and then changes. */
class Telling<T> {
  readonly #kind: ResourceKind<T>
  #all: NodeResource<T>[] | undefined

  constructor(kind: ResourceKind<T>, resumed: boolean) {
    this.#kind = kind
    this.#all = resumed ? undefined : []
  }

  get complete(): boolean {
    return this.#all === undefined
  }

  hear({ eventType, resource, error }: Event): ResourceChange<T> | undefined {
    const id = resource?.metadata?.id ?? ''
    switch (eventType) {
      case EventType.ERRORED:
        throw new Error(`the node ended the watch: ${error}`)
      case EventType.NOOP:
        return undefined
      case EventType.BOOTSTRAPPED:
        return this.#tellAll(this.#all ?? [])
      case EventType.DESTROYED:
        // Of a single resource the first word is either that it is there or that it is not.
        return this.#all ? this.#tellAll([]) : { is: 'gone', id }
      case EventType.CREATED:
      case EventType.UPDATED: {
        const told = readResource(resource, this.#kind.schema)
        if (!this.#all) return { is: 'put', ...told }
        if (this.#kind.id !== undefined) return this.#tellAll([told])
        if (this.#all.length < MAX_TOLD) this.#all.push(told)
        return undefined
      }
    }
  }

  #tellAll(resources: readonly NodeResource<T>[]): ResourceChange<T> {
    this.#all = undefined
    return { is: 'all', resources }
  }
}
