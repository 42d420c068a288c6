import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { TalosNode } from '../node.ts'
import { EventType, State } from '../proto/cosi_pb.js'
import type { CosiEvent, CosiResource } from '../resource-table.ts'
import { KNOWN_TYPES, SENSITIVE_TYPES } from '../resources.ts'
import { callerKey } from './roles.ts'

const KNOWN: ReadonlySet<string> = new Set(Object.values(KNOWN_TYPES))
/** A watcher this far behind is cut off, so that it cannot make the lab keep everything. */
const MAX_QUEUED_EVENTS = 4_096

/** The read half of COSI: get, list and watch, of the types a node knows. */
export function stateService(router: ConnectRouter, node: TalosNode): void {
  router.service(State, {
    get(request, context) {
      checkType(request.type, context)
      const found = node.resources.find(request.namespace, request.type, request.id)
      if (!found)
        throw new ConnectError(
          `resource ${request.type}(${request.namespace}/${request.id}) doesn't exist`,
          Code.NotFound,
        )
      return { resource: toResource(found) }
    },
    async *list(request, context) {
      checkType(request.type, context)
      for (const found of node.resources.list(request.namespace, request.type)) yield { resource: toResource(found) }
    },
    async *watch(request, context) {
      checkType(request.type, context)
      const { id, options } = request
      const aggregated = options?.aggregated === true
      if (id !== undefined && options?.bootstrapContents)
        throw new ConnectError('bootstrap_contents is not supported for a single resource', Code.InvalidArgument)
      const queue = new EventQueue(
        node,
        context.signal,
        (resource) =>
          resource.namespace === request.namespace &&
          resource.type === request.type &&
          (id === undefined || resource.id === id),
      )
      try {
        // The empty first message says that the watch is in place.
        yield { event: [] }
        const present = node.resources
          .list(request.namespace, request.type)
          .filter((one) => id === undefined || one.id === id)
        const now = present.map((one) => ({ resource: toResource(one), eventType: EventType.CREATED }))
        if (id !== undefined)
          yield {
            event:
              now.length > 0
                ? now
                : [{ resource: absent(request.namespace, request.type, id), eventType: EventType.DESTROYED }],
          }
        else if (options?.bootstrapContents) {
          if (aggregated) yield { event: [...now, { eventType: EventType.BOOTSTRAPPED }] }
          else {
            for (const one of now) yield { event: [one] }
            yield { event: [{ eventType: EventType.BOOTSTRAPPED }] }
          }
        }
        for await (const event of queue.events()) yield { event: [toEvent(event)] }
      } finally {
        queue.stop()
      }
    },
    create: denied,
    update: denied,
    destroy: denied,
  })
}

function denied(): never {
  throw new ConnectError('not authorized', Code.PermissionDenied)
}

function checkType(type: string, context: HandlerContext): void {
  if (!KNOWN.has(type)) throw new ConnectError(`resource type "${type}" is not supported`, Code.PermissionDenied)
  if (SENSITIVE_TYPES.has(type) && !context.values.get(callerKey).roles.has('os:admin'))
    throw new ConnectError('not authorized', Code.PermissionDenied)
}

const toResource = (one: CosiResource) => ({
  metadata: {
    namespace: one.namespace,
    type: one.type,
    id: one.id,
    version: String(one.version),
    phase: 'running',
    created: timestampFromMs(one.created),
    updated: timestampFromMs(one.updated),
  },
  spec: { yamlSpec: one.yaml },
})

const absent = (namespace: string, type: string, id: string) => ({
  metadata: { namespace, type, id, version: 'undefined', phase: 'running' },
  spec: { yamlSpec: '' },
})

const EVENT_TYPES = { created: EventType.CREATED, updated: EventType.UPDATED, destroyed: EventType.DESTROYED } as const

const toEvent = (event: CosiEvent) => ({
  resource: toResource(event.resource),
  eventType: EVENT_TYPES[event.type],
  ...(event.old ? { old: toResource(event.old) } : {}),
})

/** Keeps a watcher's events until it reads them; ends with the call or with the node's boot. */
class EventQueue {
  readonly #queued: CosiEvent[] = []
  readonly #stop: () => void
  #ended = false
  #overflown = false
  #wake: () => void = () => undefined

  constructor(node: TalosNode, signal: AbortSignal, selects: (resource: CosiResource) => boolean) {
    const end = () => {
      this.#ended = true
      this.#wake()
    }
    this.#stop = node.resources.watch((event) => {
      if (!selects(event.resource)) return
      if (this.#queued.length >= MAX_QUEUED_EVENTS) {
        this.#overflown = true
        end()
      } else this.#queued.push(event)
      this.#wake()
    }, end)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  }

  async *events(): AsyncGenerator<CosiEvent> {
    for (;;) {
      for (let event = this.#queued.shift(); event; event = this.#queued.shift()) yield event
      if (this.#overflown) throw new ConnectError('the watcher is too slow', Code.ResourceExhausted)
      if (this.#ended) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  stop(): void {
    this.#stop()
  }
}
