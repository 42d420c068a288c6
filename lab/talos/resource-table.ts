import { randomBytes } from 'node:crypto'
import { stringify } from 'yaml'

/** One COSI resource as the API shows it. */
export interface CosiResource {
  readonly namespace: string
  readonly type: string
  readonly id: string
  readonly version: number
  readonly created: number
  readonly updated: number
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly yaml: string
  /** For the few types that typed clients decode; empty for others. */
  readonly binary: Uint8Array
}

export interface CosiDraft {
  readonly namespace: string
  readonly type: string
  readonly id: string
  readonly spec: unknown
  /** The controller that writes it. */
  readonly owner?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly binary?: () => Uint8Array
}

export interface CosiEvent {
  readonly type: 'created' | 'updated' | 'destroyed'
  readonly resource: CosiResource
  readonly old: CosiResource | undefined
  /** Where in the history it stands; a watch can go on behind it. */
  readonly bookmark: Uint8Array
}

/** A watch that asks for older events than these has to begin anew. */
const MAX_HISTORY = 1_000

interface Entry {
  resource: CosiResource
  /** The content as JSON, by which one sees whether it changed. */
  readonly json: string
}

/**
 * The resources of one node during one boot. They are recomputed whole and compared, so no writer can forget one; they
 * are recomputed at once while somebody watches, else when somebody looks.
 */
export class ResourceTable {
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<{ onEvent: (event: CosiEvent) => void; onEnd: () => void }>()
  readonly #now: () => number
  readonly #drafts: () => readonly CosiDraft[]
  readonly #history: CosiEvent[] = []
  /** Bookmarks of another boot are good for nothing here. */
  readonly #boot = randomBytes(8)
  #eventCount = 0
  #stale = true
  #ended = false
  constructor(now: () => number, drafts: () => readonly CosiDraft[]) {
    this.#now = now
    this.#drafts = drafts
  }

  /** Something the resources are made of may be another now. */
  changed(): void {
    this.#stale = true
    if (this.#listeners.size > 0) this.#refresh()
  }

  find(namespace: string, type: string, id: string): CosiResource | undefined {
    this.#refresh()
    return this.#entries.get(keyOf(namespace, type, id))?.resource
  }
  list(namespace: string, type: string): readonly CosiResource[] {
    this.#refresh()
    return [...this.#entries.values()]
      .map((entry) => entry.resource)
      .filter((one) => one.namespace === namespace && one.type === type)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  /** The newest point of the history. */
  bookmark(): Uint8Array {
    const position = Buffer.alloc(8)
    position.writeBigUInt64BE(BigInt(this.#eventCount))
    return Buffer.concat([this.#boot, position])
  }
  /** What happened after a bookmark; undefined when that is of another boot, or too long ago. */
  since(bookmark: Uint8Array): readonly CosiEvent[] | undefined {
    this.#refresh()
    const bytes = Buffer.from(bookmark)
    if (bytes.length !== 16 || !bytes.subarray(0, 8).equals(this.#boot)) return undefined
    const behind = this.#eventCount - Number(bytes.readBigUInt64BE(8))
    if (behind < 0 || behind > this.#history.length) return undefined
    return behind === 0 ? [] : this.#history.slice(-behind)
  }
  /** The last so many events. */
  past(count: number): readonly CosiEvent[] {
    return count > 0 ? this.#history.slice(-count) : []
  }
  watch(onEvent: (event: CosiEvent) => void, onEnd: () => void): () => void {
    this.#refresh()
    const listener = { onEvent, onEnd }
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  /** The boot is over: watches end, and what was seen last stays. */
  end(): void {
    this.#ended = true
    for (const listener of this.#listeners) listener.onEnd()
    this.#listeners.clear()
  }

  #refresh(): void {
    if (!this.#stale || this.#ended) return
    this.#stale = false
    const seen = new Set<string>()
    for (const draft of this.#drafts()) {
      const key = keyOf(draft.namespace, draft.type, draft.id)
      seen.add(key)
      const json = JSON.stringify([draft.spec, draft.labels])
      const before = this.#entries.get(key)
      if (before?.json === json) continue
      const resource = this.#resourceOf(draft, before?.resource)
      this.#entries.set(key, { resource, json })
      this.#tell({ type: before ? 'updated' : 'created', resource, old: before?.resource })
    }
    for (const [key, { resource }] of this.#entries)
      if (!seen.has(key)) {
        this.#entries.delete(key)
        this.#tell({ type: 'destroyed', resource, old: undefined })
      }
  }

  #resourceOf(draft: CosiDraft, old: CosiResource | undefined): CosiResource {
    const at = this.#now()
    return {
      namespace: draft.namespace,
      type: draft.type,
      id: draft.id,
      version: (old?.version ?? 0) + 1,
      created: old?.created ?? at,
      updated: at,
      owner: draft.owner ?? '',
      labels: draft.labels ?? {},
      annotations: draft.annotations ?? {},
      yaml: stringify(draft.spec, { indent: 4, lineWidth: 0 }),
      binary: draft.binary?.() ?? new Uint8Array(),
    }
  }

  #tell(news: Omit<CosiEvent, 'bookmark'>): void {
    this.#eventCount += 1
    const event = { ...news, bookmark: this.bookmark() }
    this.#history.push(event)
    if (this.#history.length > MAX_HISTORY) this.#history.shift()
    for (const listener of this.#listeners) listener.onEvent(event)
  }
}

const keyOf = (namespace: string, type: string, id: string): string => `${namespace}\n${type}\n${id}`
