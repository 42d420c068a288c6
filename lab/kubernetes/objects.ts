import { randomUUID } from 'node:crypto'

/** Objects as the Kubernetes API shows them. Only the metadata has a fixed shape; the rest belongs to its kind. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly unknown[]
  readonly generation?: number
  /** Its end has begun, as RFC 3339. */
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
}

/** What a writer gives: the store adds identity, version and birth. */
export interface ObjectDraft {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly unknown[]
    readonly generation?: number
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
  }
  readonly [field: string]: unknown
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  readonly resource: string
  readonly object: KubeObject
}

/** A watcher that asks for older events than these gets 410 Gone, as with the real API's compaction. */
const MAX_EVENTS = 2_000

/** The one store behind all API servers of a cluster: it stands for etcd's content and survives any of them. */
export class ObjectStore {
  readonly #objects = new Map<string, KubeObject>()
  readonly #events: WatchEvent[] = []
  readonly #listeners = new Set<(event: WatchEvent) => void>()
  readonly #now: () => number
  #version = 1
  #forgotten = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get version(): number {
    return this.#version
  }

  list(resource: string, namespace?: string): readonly KubeObject[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(`${resource}/`))
      .map(([, object]) => object)
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .sort((a, b) => (keyOf('', a.metadata) < keyOf('', b.metadata) ? -1 : 1))
  }

  find(resource: string, name: string, namespace?: string): KubeObject | undefined {
    return this.#objects.get(keyOf(resource, namespace === undefined ? { name } : { name, namespace }))
  }

  /** Writes the whole object; an equal one changes nothing and wakes nobody. */
  put(resource: string, draft: ObjectDraft): KubeObject {
    const key = keyOf(resource, draft.metadata)
    const before = this.#objects.get(key)
    const identity = {
      uid: before?.metadata.uid ?? randomUUID(),
      creationTimestamp: before?.metadata.creationTimestamp ?? timestamp(this.#now()),
    }
    if (before) {
      const unchanged = {
        ...draft,
        metadata: { ...draft.metadata, ...identity, resourceVersion: before.metadata.resourceVersion },
      }
      if (JSON.stringify(unchanged) === JSON.stringify(before)) return before
    }
    this.#version += 1
    const object: KubeObject = {
      ...draft,
      metadata: { ...draft.metadata, ...identity, resourceVersion: String(this.#version) },
    }
    this.#objects.set(key, object)
    this.#tell({ type: before ? 'MODIFIED' : 'ADDED', version: this.#version, resource, object })
    return object
  }

  delete(resource: string, name: string, namespace?: string): KubeObject | undefined {
    const object = this.find(resource, name, namespace)
    if (!object) return undefined
    this.#objects.delete(keyOf(resource, object.metadata))
    this.#version += 1
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
    this.#tell({ type: 'DELETED', version: this.#version, resource, object: last })
    return last
  }

  /** Events after a version, then every new one; undefined when that version is too old to follow on from. */
  watch(after: number, listener: (event: WatchEvent) => void): (() => void) | undefined {
    if (after < this.#forgotten) return undefined
    for (const event of this.#events) if (event.version > after) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(event: WatchEvent): void {
    this.#events.push(event)
    if (this.#events.length > MAX_EVENTS) this.#forgotten = this.#events.shift()?.version ?? this.#forgotten
    for (const listener of this.#listeners) listener(event)
  }
}

const keyOf = (resource: string, meta: { readonly name: string; readonly namespace?: string }): string =>
  `${resource}/${meta.namespace ?? ''}/${meta.name}`

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** What anybody may send: enough of an object to be kept. */
export function isDraft(body: unknown): body is ObjectDraft {
  if (typeof body !== 'object' || body === null) return false
  const { apiVersion, kind, metadata } = body as Record<string, unknown>
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false
  return typeof metadata === 'object' && metadata !== null && typeof (metadata as { name?: unknown }).name === 'string'
}
