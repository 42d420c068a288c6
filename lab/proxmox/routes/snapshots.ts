import * as formats from '../formats.ts'
import { flag, needed, text } from '../parameter.ts'
import { isSet, needs, needsAny, param, type Call, type Route } from '../route.ts'
import { NODE_AND_VM } from '../vm-parameters.ts'
import { deleteSnapshot, getSnapshot, rollBack, snapshotConfig, snapshotRows, takeSnapshot } from '../vm-snapshot.ts'

const PATH = '/nodes/{node}/qemu/{vmid}/snapshot'
const NAME = needed(text({ maxLength: 40, format: formats.configId }))
const ONE = { ...NODE_AND_VM, snapname: NAME }
const idOf = (call: Call): number => Number(param(call, 'vmid'))
const vmOf = (call: Call) => call.world.vms.get(idOf(call))

export const snapshotRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: PATH,
    parameters: NODE_AND_VM,
    latencyMs: 8,
    rights: needs('/vms/{vmid}', 'VM.Audit'),
    handle: (call) => snapshotRows(vmOf(call)),
  },
  {
    method: 'POST',
    path: PATH,
    parameters: { ...ONE, description: text(), vmstate: flag() },
    latencyMs: 24,
    rights: needs('/vms/{vmid}', 'VM.Snapshot'),
    handle: (call) =>
      takeSnapshot(call.world, call.who, idOf(call), {
        name: param(call, 'snapname'),
        description: call.parameters.get('description'),
        withMemory: isSet(call, 'vmstate'),
      }),
  },
  {
    method: 'GET',
    path: `${PATH}/{snapname}`,
    parameters: ONE,
    latencyMs: 2,
    handle: () => [{ cmd: 'rollback' }, { cmd: 'config' }],
  },
  {
    method: 'DELETE',
    path: `${PATH}/{snapname}`,
    parameters: { ...ONE, force: flag() },
    latencyMs: 22,
    rights: needs('/vms/{vmid}', 'VM.Snapshot'),
    handle: (call) => deleteSnapshot(call.world, call.who, idOf(call), param(call, 'snapname')),
  },
  {
    method: 'GET',
    path: `${PATH}/{snapname}/config`,
    parameters: ONE,
    latencyMs: 6,
    rights: needsAny('/vms/{vmid}', 'VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'),
    handle: (call) => snapshotConfig(getSnapshot(vmOf(call), param(call, 'snapname'))),
  },
  {
    method: 'PUT',
    path: `${PATH}/{snapname}/config`,
    parameters: { ...ONE, description: text() },
    latencyMs: 9,
    rights: needs('/vms/{vmid}', 'VM.Snapshot'),
    handle: (call) => {
      getSnapshot(vmOf(call), param(call, 'snapname')).description = call.parameters.get('description')
      return null
    },
  },
  {
    method: 'POST',
    path: `${PATH}/{snapname}/rollback`,
    parameters: { ...ONE, start: flag() },
    latencyMs: 22,
    rights: needsAny('/vms/{vmid}', 'VM.Snapshot', 'VM.Snapshot.Rollback'),
    handle: (call) => rollBack(call.world, call.who, idOf(call), param(call, 'snapname'), isSet(call, 'start')),
  },
]
