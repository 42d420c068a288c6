import { createHash } from 'node:crypto'
import { badParameters, failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, integer, needed, since9, text, type ParameterTable } from '../parameter.ts'
import { needs, NOTHING, numberParam, param, type Call, type Route } from '../route.ts'
import { newResource, type HaResource } from '../high-availability.ts'

/** Which guests the cluster keeps running, and how their hosts are chosen: rules since 9, groups before. */
const SID = needed(
  text({ format: (sid) => (/^((vm|ct):)?[1-9]\d{2,8}$/.test(sid) ? undefined : `invalid HA resource ID '${sid}'\n`) }),
)
const STATE = choice('started', 'stopped', 'enabled', 'disabled', 'ignored')
const SETTINGS: ParameterTable = {
  comment: text({ maxLength: 4096 }),
  failback: since9(flag()),
  group: text({ format: formats.configId }),
  max_relocate: integer(0),
  max_restart: integer(0),
  sid: SID,
  state: STATE,
}
const GROUP = needed(text({ format: formats.configId }))
const GROUP_SETTINGS: ParameterTable = {
  comment: text({ maxLength: 4096 }),
  group: GROUP,
  nofailback: flag(),
  restricted: flag(),
}
const audit = needs('/', 'Sys.Audit')
const console = needs('/', 'Sys.Console')

export const haRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/cluster/ha/resources',
    parameters: { type: choice('ct', 'vm') },
    latencyMs: 2,
    rights: audit,
    handle: (call) =>
      [...call.world.cluster.ha.resources.values()]
        .filter(({ type }) => ['', type].includes(param(call, 'type')))
        .map(resourceRow),
  },
  {
    method: 'POST',
    path: '/cluster/ha/resources',
    parameters: { ...SETTINGS, type: choice('ct', 'vm') },
    latencyMs: 12,
    rights: console,
    handle: add,
  },
  {
    method: 'GET',
    path: '/cluster/ha/resources/{sid}',
    parameters: { sid: SID },
    latencyMs: 2,
    rights: audit,
    handle: (call) => resourceRow(resourceOf(call, (sid) => `no such resource '${sid}'`)),
  },
  {
    method: 'PUT',
    path: '/cluster/ha/resources/{sid}',
    parameters: { ...SETTINGS, delete: text({ maxLength: 4096 }), digest: text({ maxLength: 64 }) },
    latencyMs: 10,
    rights: console,
    handle: (call) => {
      refuseGroups(call)
      const resource = resourceOf(call, (sid) => `no such resource '${sid}'`)
      configure(call, resource)
      return null
    },
  },
  {
    method: 'DELETE',
    path: '/cluster/ha/resources/{sid}',
    parameters: { sid: SID, purge: since9(flag()) },
    latencyMs: 10,
    rights: console,
    handle: (call) => {
      const resource = resourceOf(call, (sid) => `cannot delete service '${sid}', not HA managed!`)
      call.world.cluster.ha.resources.delete(resource.sid)
      return null
    },
  },
  {
    method: 'GET',
    path: '/cluster/ha/status/current',
    parameters: NOTHING,
    latencyMs: 4,
    rights: audit,
    handle: status,
  },
  {
    method: 'GET',
    path: '/cluster/ha/status/manager_status',
    parameters: NOTHING,
    latencyMs: 4,
    rights: audit,
    handle: ({ world }) => ({
      manager_status: {
        node_status: Object.fromEntries(
          world.cluster.worlds.map(({ node, line }) => [node, line.online ? 'online' : 'unknown']),
        ),
      },
      quorum: { node: world.node, quorate: world.cluster.isQuorate() ? '1' : '0' },
    }),
  },
  {
    method: 'GET',
    path: '/cluster/ha/rules',
    since: 9,
    parameters: { resource: text(), type: choice('node-affinity', 'resource-affinity') },
    latencyMs: 3,
    rights: audit,
    handle: () => [],
  },
  {
    method: 'GET',
    path: '/cluster/ha/groups',
    parameters: NOTHING,
    latencyMs: 2,
    rights: audit,
    handle: (call) => {
      if (call.world.cluster.profile.haPlacement === 'rules')
        throw failed('cannot index groups: ha groups have been migrated to rules')
      return [...call.world.cluster.ha.placement].map(([group, settings]) => ({
        type: 'group',
        digest: DIGEST,
        ...Object.fromEntries(settings),
        group,
      }))
    },
  },
  {
    method: 'POST',
    path: '/cluster/ha/groups',
    parameters: { ...GROUP_SETTINGS, nodes: needed(text()), type: choice('group') },
    latencyMs: 9,
    rights: console,
    handle: (call) => {
      if (call.world.cluster.profile.haPlacement === 'rules')
        throw failed('cannot create group: ha groups have been migrated to rules')
      const group = param(call, 'group')
      if (call.world.cluster.ha.placement.has(group)) throw failed(`ha group ID '${group}' already defined`)
      call.world.cluster.ha.placement.set(group, new Map(call.parameters))
      return null
    },
  },
  {
    method: 'DELETE',
    path: '/cluster/ha/groups/{group}',
    parameters: { group: GROUP },
    latencyMs: 9,
    rights: console,
    handle: (call) => {
      if (!call.world.cluster.ha.placement.delete(param(call, 'group')))
        throw failed(`no such ha group '${param(call, 'group')}'`)
      return null
    },
  },
]

const DIGEST = createHash('sha1').update('').digest('hex')

const resourceRow = (resource: HaResource): Record<string, unknown> => ({
  sid: resource.sid,
  type: resource.type,
  state: resource.state,
  digest: DIGEST,
  ...(resource.comment === undefined ? {} : { comment: resource.comment }),
  ...(resource.group === undefined ? {} : { group: resource.group }),
  ...(resource.maxRestart === 1 ? {} : { max_restart: resource.maxRestart }),
  ...(resource.maxRelocate === 1 ? {} : { max_relocate: resource.maxRelocate }),
})

const fullSid = (call: Call): string => {
  const sid = param(call, 'sid')
  if (sid.includes(':')) return sid
  return `${call.world.cluster.findGuest(Number(sid))?.vm.kind === 'lxc' ? 'ct' : 'vm'}:${sid}`
}

function resourceOf(call: Call, missing: (sid: string) => string): HaResource {
  const resource = call.world.cluster.ha.resources.get(fullSid(call))
  if (!resource) throw failed(missing(fullSid(call)))
  return resource
}

function refuseGroups(call: Call): void {
  if (call.parameters.has('group') && call.world.cluster.profile.haPlacement === 'rules')
    throw badParameters({ group: 'invalid parameter: ha groups have been migrated to rules' })
}

function add(call: Call): null {
  refuseGroups(call)
  const sid = fullSid(call)
  const vmid = Number(sid.split(':')[1])
  if (!call.world.cluster.findGuest(vmid)) throw failed(`resource '${sid}' does not exist in cluster`)
  if (call.world.cluster.ha.resources.has(sid)) throw failed(`resource ID '${sid}' already defined`)
  const resource = newResource(sid.startsWith('ct:') ? 'ct' : 'vm', vmid, 'started')
  configure(call, resource)
  call.world.cluster.ha.add(resource)
  return null
}

function configure(call: Call, resource: HaResource): void {
  const state = call.parameters.get('state')
  if (state === 'enabled' || state === 'started') resource.state = 'started'
  else if (state === 'stopped' || state === 'disabled' || state === 'ignored') resource.state = state
  resource.comment = call.parameters.get('comment') ?? resource.comment
  resource.group = call.parameters.get('group') ?? resource.group
  resource.maxRestart = numberParam(call, 'max_restart') ?? resource.maxRestart
  resource.maxRelocate = numberParam(call, 'max_relocate') ?? resource.maxRelocate
  const gone = formats.splitList(param(call, 'delete'))
  if (gone.includes('comment')) resource.comment = undefined
  if (gone.includes('group')) resource.group = undefined
}

function status({ world }: Call): unknown[] {
  const { cluster } = world
  const quorate = cluster.isQuorate()
  return [
    {
      id: 'quorum',
      type: 'quorum',
      node: world.node,
      status: quorate ? 'OK' : 'No quorum on node!',
      quorate: quorate ? 1 : 0,
    },
    ...[...cluster.ha.resources.values()].map((resource) => {
      const found = cluster.findGuest(resource.vmid)
      return {
        id: `service:${resource.sid}`,
        type: 'service',
        sid: resource.sid,
        node: found?.world.node ?? world.node,
        state: found?.vm.running ? 'started' : 'stopped',
        crm_state: found?.vm.running ? 'started' : 'stopped',
        request_state: resource.state,
        max_restart: resource.maxRestart,
        max_relocate: resource.maxRelocate,
        status: `${resource.sid} (${found?.world.node ?? world.node}, ${found?.vm.running ? 'started' : 'stopped'})`,
      }
    }),
  ]
}
