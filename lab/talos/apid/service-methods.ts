import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import { DURATION } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import type { MachineMethods } from './machine-service.ts'

/** What a caller may start again; the others are Talos' own, and none may be stopped for good. Source: kubelet.go of Talos 1.13. */
const RESTARTABLE = new Set(['kubelet'])

/** Lists services, and stops, starts and restarts them. */
export function serviceMethods(node: TalosNode): MachineMethods {
  const known = (id: string) => {
    const service = node.services.find(id)
    if (!service) throw new ConnectError(`service "${id}" not defined`, Code.Unknown)
    return service
  }
  const say = (verb: string, id: string) => ({ messages: [{ resp: `Service "${id}" ${verb}` }] })
  const unsupported = (operation: string, id: string) =>
    new ConnectError(`service "${id}" doesn't support ${operation} operation via API`, Code.Unknown)
  const start = (id: string) => node.services.set(id, 'Running', 'Health check successful')
  return {
    serviceList: () => ({ messages: [{ services: node.services.all().map(toInfo) }] }),
    serviceStart({ id }) {
      if (known(id).state !== 'Running') {
        if (!RESTARTABLE.has(id)) throw unsupported('start', id)
        start(id)
      }
      return say('started', id)
    },
    serviceStop({ id }) {
      if (known(id).state === 'Running') throw unsupported('stop', id)
      return say('stopped', id)
    },
    async serviceRestart({ id }) {
      const { state } = known(id)
      if (!RESTARTABLE.has(id)) throw unsupported(state === 'Running' ? 'restart' : 'start', id)
      if (state === 'Running') {
        const { signal } = node
        node.services.set(id, 'Stopping', 'Stopping service')
        node.services.set(id, 'Finished', 'Service finished')
        await node.world.time.pass(DURATION.serviceRestart, signal)
        signal.throwIfAborted()
      }
      start(id)
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
