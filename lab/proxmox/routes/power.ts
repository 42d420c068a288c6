import { badParameters } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, integer, since9, text, type ParameterTable } from '../parameter.ts'
import { properties } from '../property-string.ts'
import { isSet, needs, numberParam, param, type Call, type Route } from '../route.ts'
import { machineFormat } from '../vm-formats.ts'
import { NODE_AND_VM } from '../vm-parameters.ts'
import { pauseVm, rebootVm, resetVm, resumeVm, shutDownVm, startVm, stopVm } from '../vm-power.ts'

const idOf = (call: Call): number => Number(param(call, 'vmid'))

const timeoutMsOf = (call: Call): number | undefined => {
  const seconds = numberParam(call, 'timeout')
  return seconds === undefined ? undefined : seconds * 1000
}

const power = (command: string, parameters: ParameterTable, latencyMs: number, handle: Route['handle']): Route => ({
  method: 'POST',
  path: `/nodes/{node}/qemu/{vmid}/status/${command}`,
  parameters: { ...NODE_AND_VM, ...parameters },
  latencyMs,
  rights: needs('/vms/{vmid}', 'VM.PowerMgmt'),
  handle: (call) => {
    const rootOnly = ['skiplock', 'stateuri', 'migratedfrom', 'migration_type', 'migration_network', 'keepActive']
    const found = rootOnly.find((name) => call.parameters.has(name))
    if (found !== undefined && call.who.user !== 'root@pam')
      throw badParameters({ [found]: 'Only root may use this option.' })
    return handle(call)
  },
})

export const powerRoutes: readonly Route[] = [
  power(
    'start',
    {
      'force-cpu': text(),
      machine: properties(machineFormat),
      migratedfrom: text({ format: formats.node }),
      migration_network: text(),
      migration_type: choice('secure', 'insecure'),
      'nets-host-mtu': text({ pattern: /^net\d+=\d+(,net\d+=\d+)*$/ }),
      skiplock: flag(),
      stateuri: text({ maxLength: 128 }),
      targetstorage: text(),
      timeout: integer(0),
      'with-conntrack-state': since9(flag()),
    },
    17,
    (call) =>
      call.world.cluster.ha.manages(idOf(call))
        ? call.world.cluster.ha.request(call.world, call.who, idOf(call), 'started')
        : startVm(call.world, call.who, idOf(call)),
  ),
  power(
    'stop',
    {
      keepActive: flag(),
      migratedfrom: text({ format: formats.node }),
      'overrule-shutdown': flag(),
      skiplock: flag(),
      timeout: integer(0),
    },
    39,
    (call) =>
      call.world.cluster.ha.manages(idOf(call))
        ? call.world.cluster.ha.request(call.world, call.who, idOf(call), 'stopped')
        : stopVm(call.world, call.who, idOf(call), isSet(call, 'overrule-shutdown')),
  ),
  power('shutdown', { forceStop: flag(), keepActive: flag(), skiplock: flag(), timeout: integer(0) }, 32, (call) =>
    call.world.cluster.ha.manages(idOf(call))
      ? call.world.cluster.ha.request(call.world, call.who, idOf(call), 'stopped')
      : shutDownVm(call.world, call.who, idOf(call), {
          timeoutMs: timeoutMsOf(call),
          forceStop: isSet(call, 'forceStop'),
        }),
  ),
  power('reboot', { timeout: integer(0) }, 30, (call) => rebootVm(call.world, call.who, idOf(call), timeoutMsOf(call))),
  power(
    'suspend',
    { skiplock: flag(), statestorage: text({ format: formats.storageId, requires: 'todisk' }), todisk: flag() },
    30,
    (call) => pauseVm(call.world, call.who, idOf(call)),
  ),
  power('resume', { nocheck: flag(), skiplock: flag() }, 30, (call) => resumeVm(call.world, call.who, idOf(call))),
  power('reset', { skiplock: flag() }, 30, (call) => resetVm(call.world, call.who, idOf(call))),
]
