import { badParameters, Failure } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, integer } from '../parameter.ts'
import { needs, NOTHING, numberParam, param, type Call, type Route } from '../route.ts'
import { shortTaskRow, visibleTasks } from './tasks.ts'
import { resourceRow } from '../vm-views.ts'
import { freeBytesOf, usedBytesOf, type Storage } from '../storages.ts'
import { AUDIT } from './storage.ts'
import { nodeFigures } from '../node-views.ts'

const FIRST_ID = 100
const LAST_ID = 999_999
/** The cluster's list of tasks is no longer than this. */
const LISTED_TASKS = 25

/** What belongs to the whole cluster, of one host here. */
export const clusterRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/version',
    parameters: NOTHING,
    latencyMs: 1,
    handle: ({ world }) => world.cluster.profile.version,
  },
  {
    method: 'GET',
    path: '/cluster/status',
    parameters: NOTHING,
    latencyMs: 6,
    rights: needs('/', 'Sys.Audit'),
    handle: status,
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
    handle: (call) =>
      call.world.cluster.worlds
        .flatMap((world) => visibleTasks({ ...call, world }))
        .sort((a, b) => b.startTime - a.startTime)
        .slice(0, LISTED_TASKS)
        .map((task, index) => shortTaskRow(task, index === 0)),
  },
  {
    method: 'GET',
    path: '/cluster/config/join',
    parameters: { node: { type: 'string', optional: true, format: formats.node } },
    latencyMs: 1,
    rights: needs('/', 'Sys.Audit'),
    handle: joinInfo,
  },
  {
    method: 'GET',
    path: '/cluster/config/nodes',
    parameters: NOTHING,
    latencyMs: 1,
    rights: needs('/', 'Sys.Audit'),
    handle: ({ world }) => (world.cluster.name === undefined ? [] : world.cluster.worlds.map(({ node }) => ({ node }))),
  },
]

/** A stand-alone host has no cluster row. */
function status({ world }: Call): unknown[] {
  const { cluster } = world
  const nodes = cluster.worlds.map((each, index) => ({
    type: 'node',
    id: `node/${each.node}`,
    name: each.node,
    ip: each.options.lanAddress,
    nodeid: cluster.name === undefined ? 0 : index + 1,
    online: each.line.online ? 1 : 0,
    local: each === world ? 1 : 0,
    level: '',
  }))
  if (cluster.name === undefined) return nodes
  const quorate = cluster.isQuorate() ? 1 : 0
  return [
    { type: 'cluster', id: 'cluster', name: cluster.name, version: nodes.length, nodes: nodes.length, quorate },
    ...nodes,
  ]
}

function joinInfo({ world }: Call): unknown {
  const { cluster } = world
  if (cluster.name === undefined) throw new Failure(424, 'node is not in a cluster, no join info available!')
  return {
    config_digest: 'a'.repeat(40),
    nodelist: cluster.worlds.map((each, index) => ({
      name: each.node,
      nodeid: String(index + 1),
      pve_addr: each.options.lanAddress,
      pve_fp: each.certificates.fingerprint,
      quorum_votes: '1',
      ring0_addr: each.options.lanAddress,
    })),
    preferred_node: world.node,
    totem: {
      cluster_name: cluster.name,
      config_version: String(cluster.worlds.length),
      interface: { '0': { linknumber: '0' } },
      ip_version: 'ipv4-6',
      link_mode: 'passive',
      secauth: 'on',
      version: '2',
    },
  }
}

function nextId(call: Call): string {
  const wanted = numberParam(call, 'vmid')
  if (wanted !== undefined) {
    if (!call.world.cluster.findGuest(wanted)) return String(wanted)
    throw badParameters({ vmid: `VM ${wanted} already exists` })
  }
  for (let vmid = FIRST_ID; vmid <= LAST_ID; vmid += 1) if (!call.world.cluster.findGuest(vmid)) return String(vmid)
  throw new Failure(500, `unable to get any free VMID in range [${FIRST_ID}, ${LAST_ID}]`)
}

/** Filtered silently by what the caller may see; every host as its last round of figures was. */
function resources(call: Call): unknown[] {
  return call.world.cluster.worlds.flatMap((world) => resourcesOf({ ...call, world }))
}

function resourcesOf(call: Call): unknown[] {
  const { world, who } = call
  const type = param(call, 'type')
  const wants = (each: string): boolean => type === '' || type === each
  return [
    ...(wants('vm') ? guestRows(call) : []),
    ...(wants('node') ? [{ ...nodeFigures(call), id: `node/${world.node}`, type: 'node' }] : []),
    ...(wants('storage')
      ? world.storages
          .all()
          .filter((storage) => world.access.mayAny(who, `/storage/${storage.name}`, AUDIT))
          .map((storage) => storageRow(call, storage))
      : []),
  ]
}

function guestRows({ world, who }: Call): unknown[] {
  return world.vms
    .all()
    .filter((vm) => world.access.may(who, `/vms/${vm.vmid}`, 'VM.Audit'))
    .map((vm) => {
      const pool = world.access.poolOf(vm.vmid)
      return resourceRow(world, vm, pool !== undefined && world.access.may(who, `/pool/${pool}`, 'Pool.Audit'))
    })
}

function storageRow({ world }: Call, storage: Storage): unknown {
  const known = world.statistics.figures() !== undefined && world.line.online && storage.active
  return {
    id: `storage/${world.node}/${storage.name}`,
    type: 'storage',
    node: world.node,
    storage: storage.name,
    content: storage.content.join(','),
    plugintype: storage.type,
    shared: storage.shared ? 1 : 0,
    status: known ? 'available' : 'unknown',
    ...(known ? { disk: usedBytesOf(storage), maxdisk: usedBytesOf(storage) + freeBytesOf(storage) } : {}),
  }
}
