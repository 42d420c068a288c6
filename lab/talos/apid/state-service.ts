import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { TalosNode } from '../node.ts'
import { EventType, State, type WatchRequest } from '../proto/cosi_pb.js'
import type { CosiEvent, CosiResource } from '../resource-table.ts'
import { findDefinition } from '../resources/definitions.ts'
import { followed } from './followed.ts'
import { callerKey } from './roles.ts'
import { selectorOf } from './selectors.ts'

/** A watcher this far behind is cut off, so that it cannot make the lab keep everything. */
const MAX_QUEUED_EVENTS = 4_096
/** Events BOOTSTRAPPED and the like are for clients of this version of the protocol. */
const MIN_API_VERSION = 1

/** The read half of COSI: get, list and watch, of the types a node knows. */
export function stateService(router: ConnectRouter, node: TalosNode): void {
  router.service(State, {
    get({ namespace, type, id }, context) {
      checkType(node, type, context)
      const found = node.resources.find(namespace, type, id)
      if (!found) throw new ConnectError(`resource ${type}(${namespace}/${id}@undefined) doesn't exist`, Code.NotFound)
      return { resource: toResource(found) }
    },
    async *list({ namespace, type, options }, context) {
      checkType(node, type, context)
      const selects = selectorOf(options)
      for (const found of node.resources.list(namespace, type))
        if (selects(found)) yield { resource: toResource(found) }
    },
    async *watch(request, context) {
      checkType(node, request.type, context)
      yield* watch(node, request, context.signal)
    },
    create: denied,
    update: denied,
    destroy: denied,
  })
}

async function* watch(node: TalosNode, request: WatchRequest, signal: AbortSignal) {
  const { id, namespace, type, options } = request
  const { resources } = node
  if (id !== undefined && options?.bootstrapContents)
    throw new ConnectError('bootstrap contents is not implemented for resource watch', Code.Unimplemented)
  if (id !== undefined && options?.labelQuery.length)
    throw new ConnectError('label query is not implemented for resource watch', Code.Unimplemented)
  const matches = selectorOf(options)
  const selects = (one: CosiResource) =>
    one.namespace === namespace && one.type === type && (id === undefined || one.id === id) && matches(one)
  const bookmark = options?.startFromBookmark
  const missed = bookmark?.length ? resources.since(bookmark) : resources.past(options?.tailEvents ?? 0)
  if (!missed) throw new ConnectError('invalid watch bookmark', Code.FailedPrecondition)

  const queue = followed<CosiEvent>(MAX_QUEUED_EVENTS, signal, (push, end) => resources.watch(push, end))
  // The empty first message says that the watch is in place.
  yield { event: [] }
  const present = resources.list(namespace, type).filter(selects)
  const newest = resources.bookmark()
  const created = present.map((one) => ({
    resource: toResource(one),
    eventType: EventType.CREATED,
    bookmark: newest,
  }))
  const resumes = bookmark?.length || options?.tailEvents
  if (id !== undefined && !resumes)
    yield { event: created.length > 0 ? created : [absent(namespace, type, id, newest)] }
  if (id === undefined && options?.bootstrapContents) {
    const done = request.apiVersion >= MIN_API_VERSION ? [{ eventType: EventType.BOOTSTRAPPED, bookmark: newest }] : []
    if (options.aggregated) yield { event: [...created, ...done] }
    else for (const one of [...created, ...done]) yield { event: [one] }
  }
  if (options?.bootstrapBookmark) yield { event: [{ eventType: EventType.NOOP, bookmark: newest }] }
  for (const event of missed) if (selects(event.resource)) yield { event: [toEvent(event)] }
  for await (const event of queue) if (selects(event.resource)) yield { event: [toEvent(event)] }
  if (!node.on || node.signal.aborted) throw new ConnectError('error reading from server: EOF', Code.Unavailable)
}

function denied(): never {
  throw new ConnectError('not authorized', Code.PermissionDenied)
}

function checkType(node: TalosNode, type: string, context: HandlerContext): void {
  const definition = findDefinition(node.edition, type)
  if (!definition) throw new ConnectError(`resource type "${type}" is not supported`, Code.PermissionDenied)
  if (definition.sensitive && !context.values.get(callerKey).roles.has('os:admin'))
    throw new ConnectError('not authorized', Code.PermissionDenied)
}

const toResource = (one: CosiResource) => ({
  metadata: {
    namespace: one.namespace,
    type: one.type,
    id: one.id,
    version: String(one.version),
    owner: one.owner,
    phase: 'running',
    created: timestampFromMs(one.created),
    updated: timestampFromMs(one.updated),
    labels: { ...one.labels },
    annotations: { ...one.annotations },
  },
  spec: { protoSpec: one.binary, yamlSpec: one.yaml },
})

/** Stands for a resource that is not there: a tombstone, which has no content. */
const absent = (namespace: string, type: string, id: string, bookmark: Uint8Array) => ({
  resource: { metadata: { namespace, type, id, version: 'undefined', phase: 'running' }, spec: { yamlSpec: '' } },
  eventType: EventType.DESTROYED,
  bookmark,
})

const EVENT_TYPES = { created: EventType.CREATED, updated: EventType.UPDATED, destroyed: EventType.DESTROYED } as const

const toEvent = (event: CosiEvent) => ({
  resource: toResource(event.resource),
  eventType: EVENT_TYPES[event.type],
  bookmark: event.bookmark,
  ...(event.old ? { old: toResource(event.old) } : {}),
})
