import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { EventLog } from './event-log.ts'
import type { Journal } from './journal.ts'
import { ServiceStateEventSchema, ServiceStateEvent_Action as Action } from './proto/events_pb.js'
import type { TalosWorld } from './world.ts'

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
  | 'Skipped'

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

const ACTIONS: Readonly<Record<ServiceState, Action>> = {
  Initialized: Action.INITIALIZED,
  Preparing: Action.PREPARING,
  Waiting: Action.WAITING,
  Starting: Action.STARTING,
  Running: Action.RUNNING,
  Stopping: Action.STOPPING,
  Finished: Action.FINISHED,
  Failed: Action.FAILED,
  Skipped: Action.SKIPPED,
}

/** The services of one node during one power cycle. Every step of one is an event, a line of its log and one of the kernel's. */
export class Services {
  readonly #services = new Map<string, Service>()
  readonly #node: { readonly world: TalosWorld; readonly events: EventLog; readonly journal: Journal }
  constructor(node: { readonly world: TalosWorld; readonly events: EventLog; readonly journal: Journal }) {
    this.#node = node
  }

  set(id: string, state: ServiceState, message: string): void {
    const { events, journal, world } = this.#node
    const before = this.#services.get(id)
    const event = { message, state, at: world.time.now() }
    const running = state === 'Running'
    const service: Service = {
      id,
      state,
      healthy: running && !UNCHECKED.has(id),
      unknown: UNCHECKED.has(id) || !running,
      events: [...(before?.events ?? []), event].slice(-MAX_EVENTS),
    }
    this.#services.set(id, service)
    journal.kernel(`[talos] service[${id}](${state}): ${message}`)
    journal.write(id, `service ${id}: ${message}`)
    events.emit(
      ServiceStateEventSchema,
      create(ServiceStateEventSchema, {
        service: id,
        action: ACTIONS[state],
        message,
        health: {
          unknown: service.unknown,
          healthy: service.healthy,
          lastMessage: message,
          lastChange: timestampFromMs(event.at),
        },
      }),
    )
    world.changes.bump()
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
}
