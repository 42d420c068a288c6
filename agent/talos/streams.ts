import type { Client } from '@connectrpc/connect'
import type { Calls } from './calls.ts'
import { eventBody } from './event-body.ts'
import type { EventsAsked, LogsAsked, NodeEvent, NodeStreams } from './node-streams.ts'
import { ContainerDriver } from './proto/common_pb.js'
import type { Event } from './proto/events_pb.js'
import type { MachineService } from './proto/machine_pb.js'
import { bytesOf } from './replies.ts'

/** The services of Talos itself log here; everything else is a container of Kubernetes. */
const SYSTEM_NAMESPACE = 'system'
const KUBERNETES_NAMESPACE = 'k8s.io'
/** As Talos wants it said. */
const ALL_LINES = -1

/** `NodeStreams` over gRPC. */
export function nodeStreams(machine: Client<typeof MachineService>, calls: Calls): NodeStreams {
  return {
    events: (asked, signal) =>
      calls.follow('events', signal, (options) => told(machine.events(eventsRequest(asked), options))),
    logs: (asked, signal) =>
      calls.follow('logs', signal, (options) => bytesOf(machine.logs(logsRequest(asked), options))),
    dmesg: (asked, signal) => calls.follow('dmesg', signal, (options) => bytesOf(machine.dmesg(asked, options))),
  }
}

/** The first event is empty: it says that the stream is in place. */
async function* told(items: AsyncIterable<Event>): AsyncGenerator<NodeEvent, void, undefined> {
  for await (const { id, actorId, data } of items) if (data?.typeUrl) yield { id, actorId, ...eventBody(data) }
}

function eventsRequest({ past, actorId = '' }: EventsAsked) {
  const withActorId = actorId
  if (!past) return { withActorId }
  if ('afterId' in past) return { withActorId, tailId: past.afterId }
  return 'count' in past ? { withActorId, tailEvents: past.count } : { withActorId, tailSeconds: past.seconds }
}

function logsRequest({ of, follow, tailLines = ALL_LINES }: LogsAsked) {
  return 'service' in of
    ? { namespace: SYSTEM_NAMESPACE, id: of.service, driver: ContainerDriver.CONTAINERD, follow, tailLines }
    : { namespace: KUBERNETES_NAMESPACE, id: of.container, driver: ContainerDriver.CRI, follow, tailLines }
}
