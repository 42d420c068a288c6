import { badParameters, failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, integer, needed, since9, text, type ParameterTable } from '../parameter.ts'
import { properties, readProperties } from '../property-string.ts'
import { needs, needsAny, NOTHING, numberParam, param, type Call, type Route } from '../route.ts'
import { registeredTags, tagAccessFormat, tagAccessOf } from '../tag-rights.ts'
import { fullName } from '../access.ts'
import { words } from '../words.ts'

/** What the whole datacenter has one of: options, the log, devices by name, lists that are empty in a lab. */
const texts = (names: string): ParameterTable => Object.fromEntries(words(names).map((name) => [name, text()]))

const KEYBOARDS = words(
  'de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr',
)
const LANGUAGES = words('ar ca da de en es eu fa fr hr he it ja ka kr nb nl nn pl pt_BR ru sl sv tr ukr zh_CN zh_TW')

const OPTIONS: ParameterTable = {
  ...texts('bwlimit crs delete email_from ha migration next-id notify tag-style u2f webauthn'),
  'consent-text': text({ maxLength: 65_536 }),
  console: choice('applet', 'vv', 'html5', 'xtermjs'),
  description: text({ maxLength: 65_536 }),
  fencing: choice('watchdog', 'hardware', 'both'),
  http_proxy: text({ pattern: /^http:\/\/.*$/ }),
  keyboard: choice(...KEYBOARDS),
  language: choice(...LANGUAGES),
  location: since9(text()),
  mac_prefix: text({ pattern: /^[a-f0-9][02468ace](:[a-f0-9]{2}){0,2}:?$/i }),
  max_workers: integer(1),
  migration_unsecure: flag(),
  'registered-tags': text({ format: formats.tagList }),
  replication: since9(text()),
  'user-tag-access': properties(tagAccessFormat),
}
const MAPPING_ID = needed(text({ format: formats.configId }))
const MAPPING: ParameterTable = {
  description: text({ maxLength: 4096 }),
  id: MAPPING_ID,
  'live-migration-capable': flag(),
  mdev: flag(),
}
/** The host takes a list here; forms carry it as repeated names. */
const MAP = { ...text(), type: 'array' } as const
const MAPPING_READERS = ['Mapping.Modify', 'Mapping.Use', 'Mapping.Audit'] as const

const empty = (path: string, latencyMs = 2): Route => ({
  method: 'GET',
  path,
  parameters: NOTHING,
  latencyMs,
  handle: () => [],
})

export const datacenterRoutes: readonly Route[] = [
  { method: 'GET', path: '/cluster/options', parameters: NOTHING, latencyMs: 1, handle: options },
  {
    method: 'PUT',
    path: '/cluster/options',
    parameters: OPTIONS,
    latencyMs: 9,
    rights: needs('/', 'Sys.Modify'),
    handle: ({ world, parameters }) => {
      for (const name of formats.splitList(parameters.get('delete') ?? '')) world.cluster.options.delete(name)
      for (const [name, value] of parameters) if (name !== 'delete') world.cluster.options.set(name, value)
      return null
    },
  },
  { method: 'GET', path: '/cluster/log', parameters: { max: integer(1) }, latencyMs: 3, handle: log },
  {
    method: 'GET',
    path: '/cluster/mapping/pci',
    parameters: { 'check-node': text({ format: formats.node }) },
    latencyMs: 3,
    handle: listMappings,
  },
  {
    method: 'POST',
    path: '/cluster/mapping/pci',
    parameters: { ...MAPPING, map: needed(MAP) },
    latencyMs: 11,
    rights: needs('/mapping/pci', 'Mapping.Modify'),
    handle: (call) => {
      const id = param(call, 'id')
      if (call.world.cluster.mappings.has(id))
        throw failed(`create PCI mapping failed: PCI ID '${id}' is already defined`)
      call.world.cluster.mappings.set(id, { id, description: call.parameters.get('description'), map: linesOf(call) })
      return null
    },
  },
  {
    method: 'GET',
    path: '/cluster/mapping/pci/{id}',
    parameters: { id: MAPPING_ID },
    latencyMs: 3,
    rights: needsAny('/mapping/pci/{id}', ...MAPPING_READERS),
    handle: (call) => {
      const found = call.world.cluster.mappings.get(param(call, 'id'))
      if (!found) throw failed(`mapping '${param(call, 'id')}' not found`)
      return { id: found.id, description: found.description, map: found.map }
    },
  },
  {
    method: 'DELETE',
    path: '/cluster/mapping/pci/{id}',
    parameters: { id: MAPPING_ID },
    latencyMs: 9,
    rights: needs('/mapping/pci', 'Mapping.Modify'),
    handle: (call) => {
      call.world.cluster.mappings.delete(param(call, 'id'))
      return null
    },
  },
  { ...empty('/cluster/mapping/usb'), parameters: { 'check-node': text({ format: formats.node }) } },
  empty('/cluster/replication'),
  { ...empty('/cluster/backup'), rights: needs('/', 'Sys.Audit') },
  {
    method: 'GET',
    path: '/cluster/sdn/zones',
    parameters: {
      pending: flag(),
      running: flag(),
      type: choice('evpn', 'faucet', 'qinq', 'simple', 'vlan', 'vxlan'),
    },
    latencyMs: 3,
    handle: () => [],
  },
  {
    method: 'GET',
    path: '/cluster/sdn/vnets',
    parameters: { pending: flag(), running: flag() },
    latencyMs: 3,
    handle: () => [],
  },
]

function options({ world }: Call): unknown {
  const { cluster } = world
  const access = readProperties(tagAccessFormat, cluster.options.get('user-tag-access') ?? '')
  const { list } = tagAccessOf(cluster)
  const rest = Object.fromEntries([...cluster.options].filter(([name]) => !STRUCTURED.has(name)))
  const registered = registeredTags(cluster)
  return {
    mac_prefix: 'BC:24:11',
    description: '',
    ...rest,
    'allowed-tags': [...new Set([...list, ...registered])].sort(),
    ...(registered.length > 0 ? { 'registered-tags': registered } : {}),
    ...(cluster.options.has('user-tag-access')
      ? {
          'user-tag-access': {
            ...(access?.has('user-allow') ? { 'user-allow': access.get('user-allow') } : {}),
            ...(list.length > 0 ? { 'user-allow-list': list } : {}),
          },
        }
      : {}),
  }
}

const STRUCTURED = new Set(['registered-tags', 'user-tag-access', 'delete'])

/** What the cluster wrote down last: here, when which task ended. */
function log(call: Call): unknown[] {
  const { world, who } = call
  const all = world.access.may(who, '/', 'Sys.Syslog')
  return world.cluster.worlds
    .flatMap((each) => each.tasks.all())
    .filter((task) => task.exit !== undefined && (all || task.who.user === who.user))
    .slice(0, numberParam(call, 'max') ?? 50)
    .map((task, index) => ({
      id: `${index + 1}:${task.node}`,
      uid: String(index + 1),
      node: task.node,
      pid: task.pid,
      pri: task.exit === 'OK' ? 6 : 3,
      tag: 'pvedaemon',
      time: task.endTime ?? task.startTime,
      user: fullName(task.who),
      msg: `end task ${task.upid} ${task.exit ?? ''}`,
    }))
}

function listMappings(call: Call): unknown[] {
  const { cluster, access } = call.world
  const node = call.parameters.get('check-node')
  return [...cluster.mappings.values()]
    .filter(({ id }) => access.mayAny(call.who, `/mapping/pci/${id}`, MAPPING_READERS))
    .map(({ id, description, map }) => ({
      id,
      map,
      ...(description === undefined ? {} : { description }),
      ...(node === undefined
        ? {}
        : {
            checks: map.some((line) => line.split(',').includes(`node=${node}`))
              ? []
              : [{ severity: 'warning', message: `No mapping for node ${node}.` }],
          }),
    }))
}

/** Lines hold commas; a new one begins wherever a host is named after something else. */
function linesOf(call: Call): string[] {
  const parts = param(call, 'map').split(',')
  const lines: string[][] = [[]]
  for (const part of parts) {
    const [key = ''] = part.split('=')
    const line = lines.at(-1) ?? []
    if (line.some((each) => each.startsWith(`${key}=`))) lines.push([part])
    else line.push(part)
  }
  const wrong = lines.find(
    (line) => !['node', 'path', 'id'].every((key) => line.some((part) => part.startsWith(`${key}=`))),
  )
  if (wrong) throw badParameters({ map: `invalid format - format error\n` })
  return lines.map((line) => line.join(','))
}
