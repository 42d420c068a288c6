import { badParameters, Failure } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, integer } from '../parameter.ts'
import { needs, NOTHING, numberParam, param, type Call, type Route } from '../route.ts'
import { shortTaskRow, visibleTasks } from './tasks.ts'
import { resourceRow } from '../vm-views.ts'
import { freeBytesOf, usedBytesOf } from '../storages.ts'
import { nodeFigures } from './nodes.ts'
import { VERSION } from './version.ts'

const FIRST_ID = 100
const LAST_ID = 999_999

/** What belongs to the whole cluster, of one host here. */
export const clusterRoutes: readonly Route[] = [
  { method: 'GET', path: '/version', parameters: NOTHING, latencyMs: 1, handle: () => VERSION },
  {
    method: 'GET',
    path: '/cluster/status',
    parameters: NOTHING,
    latencyMs: 6,
    rights: needs('/', 'Sys.Audit'),
    handle: ({ world }) => [
      {
        type: 'node',
        id: `node/${world.node}`,
        name: world.node,
        ip: world.options.lanAddress,
        nodeid: 0,
        online: 1,
        local: 1,
        level: '',
      },
    ],
  },
  {
    method: 'GET',
    path: '/cluster/resources',
    parameters: { type: choice('vm', 'storage', 'node', 'sdn') },
    latencyMs: 2,
    handle: resources,
  },
  {
    method: 'GET',
    path: '/cluster/nextid',
    parameters: { vmid: integer(100, 999999999, { format: formats.vmid }) },
    latencyMs: 1,
    handle: nextId,
  },
  {
    method: 'GET',
    path: '/cluster/tasks',
    parameters: NOTHING,
    latencyMs: 1,
    handle: (call) => visibleTasks(call).map(shortTaskRow),
  },
  {
    method: 'GET',
    path: '/cluster/options',
    parameters: NOTHING,
    latencyMs: 1,
    handle: () => ({ mac_prefix: 'BC:24:11', description: '', 'allowed-tags': [] }),
  },
  {
    method: 'GET',
    path: '/cluster/config/join',
    parameters: { node: { type: 'string', optional: true, format: formats.node } },
    latencyMs: 1,
    rights: needs('/', 'Sys.Audit'),
    handle: () => {
      throw new Failure(424, 'node is not in a cluster, no join info available!')
    },
  },
  {
    method: 'GET',
    path: '/cluster/ha/resources',
    parameters: { type: choice('ct', 'vm') },
    latencyMs: 2,
    rights: needs('/', 'Sys.Audit'),
    handle: () => [],
  },
]

function nextId(call: Call): string {
  const wanted = numberParam(call, 'vmid')
  if (wanted !== undefined) {
    if (!call.world.vms.find(wanted)) return String(wanted)
    throw badParameters({ vmid: `VM ${wanted} already exists` })
  }
  for (let vmid = FIRST_ID; vmid <= LAST_ID; vmid += 1) if (!call.world.vms.find(vmid)) return String(vmid)
  throw new Failure(500, `unable to get any free VMID in range [${FIRST_ID}, ${LAST_ID}]`)
}

/** Filtered silently by what the caller may see. */
function resources(call: Call): unknown[] {
  const { world, who } = call
  const type = param(call, 'type')
  const rows: unknown[] = []
  if (type === '' || type === 'vm') {
    for (const vm of world.vms.all()) {
      if (!world.access.may(who, `/vms/${vm.vmid}`, 'VM.Audit')) continue
      const pool = world.access.poolOf(vm.vmid)
      rows.push(resourceRow(world, vm, pool !== undefined && world.access.may(who, `/pool/${pool}`, 'Pool.Audit')))
    }
  }
  if (type === '' || type === 'node') rows.push({ ...nodeFigures(call), id: `node/${world.node}`, type: 'node' })
  if (type === '' || type === 'storage') {
    for (const storage of world.storages.all()) {
      if (!world.access.mayAny(who, `/storage/${storage.name}`, ['Datastore.Audit', 'Datastore.AllocateSpace']))
        continue
      const known = world.statistics.figures() !== undefined
      rows.push({
        id: `storage/${world.node}/${storage.name}`,
        type: 'storage',
        node: world.node,
        storage: storage.name,
        content: storage.content.join(','),
        plugintype: storage.type,
        shared: 0,
        status: known ? 'available' : 'unknown',
        ...(known ? { disk: usedBytesOf(storage), maxdisk: usedBytesOf(storage) + freeBytesOf(storage) } : {}),
      })
    }
  }
  return rows
}
