import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { containerLog } from '../container-logs.ts'
import { KERNEL } from '../journal.ts'
import type { TalosNode } from '../node.ts'
import type { LogsRequest } from '../proto/system_pb.js'
import { EventSchema } from '../proto/events_pb.js'
import type { NodeEvent } from '../event-log.ts'
import { followed } from './followed.ts'
import type { MachineMethods } from './machine-service.ts'
import { dataOf } from './wire.ts'

/** A follower of events this far behind is cut off, so that it cannot make the lab keep everything. */
const MAX_QUEUED_EVENTS = 4_096
/** Who follows the kernel's ring from its tail gets nothing of the past; without, all of it. */
const ALL = -1

/** What a node says while it works: events, the kernel's ring, the logs of services and containers. */
export function journalMethods(node: TalosNode): MachineMethods {
  return {
    async *events(request, context) {
      const selects = (event: NodeEvent) => request.withActorId === '' || event.actorId === request.withActorId
      // The hello says that the stream is in place.
      yield create(EventSchema, { data: { typeUrl: 'talos/runtime/', value: new Uint8Array() } })
      const tail = {
        events: request.tailEvents,
        seconds: request.tailSeconds,
        ...(request.tailId === '' ? {} : { id: request.tailId }),
      }
      const queue = followed<NodeEvent>(MAX_QUEUED_EVENTS, context.signal, (push, end) => node.events.watch(push, end))
      for (const event of node.events.past(tail)) if (selects(event)) yield toEvent(event)
      for await (const event of queue) if (selects(event)) yield toEvent(event)
      cutOff(node)
    },
    async *dmesg(request, context) {
      const options = { follow: request.follow, tail: request.tail ? 0 : ALL, signal: context.signal }
      for await (const line of node.journal.read(KERNEL, options)) yield dataOf(line)
      if (request.follow) cutOff(node)
    },
    async *logs(request, context) {
      if (request.namespace === 'k8s.io' && request.id !== 'kubelet') {
        yield* containerLogs(node, request, context.signal)
        return
      }
      const id = request.id === 'machine' ? 'machined' : request.id
      if (!node.journal.has(id)) throw new ConnectError(`log "${request.id}" was not registered`, Code.Unknown)
      const options = { follow: request.follow, tail: request.tailLines, signal: context.signal }
      for await (const line of node.journal.read(id, options)) yield dataOf(line)
      if (request.follow) cutOff(node)
    },
    logsContainers: () => ({ messages: [{ ids: [...node.journal.ids()] }] }),
  }
}

/** The containers of pods have files of their own; who follows one stays until the container or the node goes. */
async function* containerLogs(node: TalosNode, request: LogsRequest, signal: AbortSignal) {
  const lines = containerLog(node, request.id)
  if (!lines) throw new ConnectError(`container "${request.id}" not found`, Code.Unknown)
  const first = request.tailLines < 0 ? 0 : Math.max(0, lines.length - request.tailLines)
  for (const line of lines.slice(first)) yield dataOf(`${line}\n`)
  if (!request.follow) return
  const over = AbortSignal.any([signal, node.signal])
  await node.world.changes.until(() => containerLog(node, request.id) === undefined, over)
  cutOff(node)
}

/** A stream that ends because the node went away ends as a broken connection does, also for those who look through another node. */
function cutOff(node: TalosNode): void {
  if (!node.on || node.signal.aborted) throw new ConnectError('error reading from server: EOF', Code.Unavailable)
}

const toEvent = (event: NodeEvent) =>
  create(EventSchema, {
    data: { typeUrl: event.typeUrl, value: event.value },
    id: event.id,
    actorId: event.actorId,
  })
