import type { Changes } from './changes.ts'

/** Talos' own words for where a service is. */
export type ServiceState =
  | 'Initialized'
  | 'Preparing'
  | 'Waiting'
  | 'Starting'
  | 'Running'
  | 'Stopping'
  | 'Finished'
  | 'Failed'

export interface Service {
  readonly id: string
  readonly state: ServiceState
  readonly healthy: boolean
  /** Whether its health is not known, as for services without a check. */
  readonly unknown: boolean
  readonly events: readonly { readonly message: string; readonly state: ServiceState; readonly at: number }[]
}

/** Talos keeps about this many events of a service. */
const MAX_EVENTS = 32
/** Services nobody checks the health of. */
const UNCHECKED = new Set(['machined', 'udevd', 'syslogd', 'dashboard'])

/** The services of one node during one power cycle. */
export class Services {
  readonly #services = new Map<string, Service>()
  readonly #changes: Changes
  readonly #now: () => number
  constructor(changes: Changes, now: () => number) {
    this.#changes = changes
    this.#now = now
  }

  set(id: string, state: ServiceState, message: string): void {
    const before = this.#services.get(id)
    const event = { message, state, at: this.#now() }
    const running = state === 'Running'
    this.#services.set(id, {
      id,
      state,
      healthy: running && !UNCHECKED.has(id),
      unknown: UNCHECKED.has(id) || !running,
      events: [...(before?.events ?? []), event].slice(-MAX_EVENTS),
    })
    this.#changes.bump()
  }

  find(id: string): Service | undefined {
    return this.#services.get(id)
  }
  healthy(id: string): boolean {
    return this.#services.get(id)?.healthy ?? false
  }
  all(): readonly Service[] {
    return [...this.#services.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  clear(): void {
    this.#services.clear()
  }
}
