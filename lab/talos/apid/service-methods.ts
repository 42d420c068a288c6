import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import { DURATION } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import type { MachineMethods } from './machine-service.ts'

/** Services that a caller may stop or start; the others are machined's own. */
const RESTARTABLE = new Set(['etcd', 'kubelet', 'cri', 'trustd', 'apid', 'udevd', 'syslogd', 'dashboard'])
/** Those that may be stopped for good. Source: Talos, IsStoppable of each service. */
const STOPPABLE = new Set(['etcd', 'udevd', 'kubelet', 'trustd'])

/** Lists services, and stops, starts and restarts them. */
export function serviceMethods(node: TalosNode): MachineMethods {
  const known = (id: string) => {
    const service = node.services.find(id)
    if (!service) throw new ConnectError(`service "${id}" not defined`, Code.Unknown)
    return service
  }
  const say = (verb: string, id: string) => ({ messages: [{ resp: `Service "${id}" ${verb}` }] })
  const setRunning = (id: string, running: boolean) => {
    node.services.set(id, running ? 'Running' : 'Finished', running ? 'Health check successful' : 'Service finished')
    const member = node.disk?.etcdMember?.memberId
    if (id === 'etcd' && member !== undefined) node.cluster?.etcd.setRunning(member, running)
  }
  return {
    serviceList: () => ({ messages: [{ services: node.services.all().map(toInfo) }] }),
    serviceStart({ id }) {
      if (known(id).state !== 'Running') setRunning(id, true)
      return say('started', id)
    },
    serviceStop({ id }) {
      known(id)
      if (!STOPPABLE.has(id))
        throw new ConnectError(`service "${id}" doesn't support stop operation via API`, Code.Unknown)
      setRunning(id, false)
      return say('stopped', id)
    },
    async serviceRestart({ id }) {
      known(id)
      if (!RESTARTABLE.has(id))
        throw new ConnectError(`service "${id}" doesn't support restart operation via API`, Code.Unknown)
      const { signal } = node
      node.services.set(id, 'Stopping', 'Stopping service')
      setRunning(id, false)
      await node.world.time.pass(DURATION.serviceRestart, signal)
      if (!signal.aborted) setRunning(id, true)
      return say('restarted', id)
    },
  }
}

const toInfo = (service: ReturnType<TalosNode['services']['all']>[number]) => ({
  id: service.id,
  state: service.state,
  events: {
    events: service.events.map((event) => ({ msg: event.message, state: event.state, ts: timestampFromMs(event.at) })),
  },
  health: {
    unknown: service.unknown,
    healthy: service.healthy,
    lastMessage: service.events.at(-1)?.message ?? '',
    lastChange: timestampFromMs(service.events.at(-1)?.at ?? 0),
  },
})
