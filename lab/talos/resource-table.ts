import { stringify } from 'yaml'

/** One COSI resource as the API shows it. */
export interface CosiResource {
  readonly namespace: string
  readonly type: string
  readonly id: string
  readonly version: number
  readonly created: number
  readonly updated: number
  readonly yaml: string
}

export interface CosiDraft {
  readonly namespace: string
  readonly type: string
  readonly id: string
  readonly spec: unknown
}

export interface CosiEvent {
  readonly type: 'created' | 'updated' | 'destroyed'
  readonly resource: CosiResource
  readonly old: CosiResource | undefined
}

/** The resources of one node during one boot. They are recomputed whole and compared, so no writer can forget one. */
export class ResourceTable {
  readonly #resources = new Map<string, CosiResource>()
  readonly #listeners = new Set<{ onEvent: (event: CosiEvent) => void; onEnd: () => void }>()
  readonly #now: () => number
  constructor(now: () => number) {
    this.#now = now
  }

  refresh(drafts: readonly CosiDraft[]): void {
    const seen = new Set<string>()
    for (const draft of drafts) {
      const key = keyOf(draft.namespace, draft.type, draft.id)
      seen.add(key)
      const yaml = stringify(draft.spec, { indent: 4, lineWidth: 0 })
      const old = this.#resources.get(key)
      if (old?.yaml === yaml) continue
      const at = this.#now()
      const resource = {
        namespace: draft.namespace,
        type: draft.type,
        id: draft.id,
        version: (old?.version ?? 0) + 1,
        created: old?.created ?? at,
        updated: at,
        yaml,
      }
      this.#resources.set(key, resource)
      this.#tell({ type: old ? 'updated' : 'created', resource, old })
    }
    for (const [key, resource] of this.#resources)
      if (!seen.has(key)) {
        this.#resources.delete(key)
        this.#tell({ type: 'destroyed', resource, old: undefined })
      }
  }

  find(namespace: string, type: string, id: string): CosiResource | undefined {
    return this.#resources.get(keyOf(namespace, type, id))
  }
  list(namespace: string, type: string): readonly CosiResource[] {
    return [...this.#resources.values()].filter((one) => one.namespace === namespace && one.type === type)
  }
  watch(onEvent: (event: CosiEvent) => void, onEnd: () => void): () => void {
    const listener = { onEvent, onEnd }
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  /** The boot is over: watches end. */
  end(): void {
    for (const listener of this.#listeners) listener.onEnd()
    this.#listeners.clear()
  }

  #tell(event: CosiEvent): void {
    for (const listener of this.#listeners) listener.onEvent(event)
  }
}

const keyOf = (namespace: string, type: string, id: string): string => `${namespace}\n${type}\n${id}`
