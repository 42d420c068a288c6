import { createHash } from 'node:crypto'
import { notConfigured } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, integer, text, type ParameterTable } from '../parameter.ts'
import { needs, NOTHING, param, type Call, type Route } from '../route.ts'
import { NODE_AND_VM } from '../vm-parameters.ts'
import { words } from '../words.ts'

/** Firewall options of the datacenter and of guests: kept and told, but no packet of the lab is filtered by them. */
const COMMON: ParameterTable = {
  delete: text(),
  digest: text({ maxLength: 64 }),
  policy_in: choice(...words('ACCEPT REJECT DROP')),
  policy_out: choice(...words('ACCEPT REJECT DROP')),
}
const LOG_LEVEL = choice(...words('emerg alert crit err warning notice info debug nolog'))

const OF_DATACENTER: ParameterTable = {
  ...COMMON,
  ebtables: flag(),
  enable: integer(0),
  log_ratelimit: text(),
  policy_forward: choice(...words('ACCEPT DROP')),
}
const OF_GUEST: ParameterTable = {
  ...NODE_AND_VM,
  ...COMMON,
  ...Object.fromEntries(words('dhcp enable ipfilter macfilter ndp radv').map((name) => [name, flag()])),
  log_level_in: LOG_LEVEL,
  log_level_out: LOG_LEVEL,
}

/** Options by whose they are; gone with their owner. */
const KEPT = new WeakMap<object, Map<string, string>>()
const optionsOf = (owner: object): Map<string, string> => {
  const known = KEPT.get(owner) ?? new Map<string, string>()
  KEPT.set(owner, known)
  return known
}

const guest = (call: Call): object => {
  const vmid = Number(param(call, 'vmid'))
  const vm = call.world.vms.find(vmid)
  if (!vm) throw notConfigured(call.world.node, vmid)
  return vm
}

const GUEST_PATH = '/nodes/{node}/qemu/{vmid}/firewall/options'

export const firewallRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/cluster/firewall/options',
    parameters: NOTHING,
    latencyMs: 3,
    rights: needs('/', 'Sys.Audit'),
    handle: ({ world }) => shown(optionsOf(world.cluster)),
  },
  {
    method: 'PUT',
    path: '/cluster/firewall/options',
    parameters: OF_DATACENTER,
    latencyMs: 9,
    rights: needs('/', 'Sys.Modify'),
    handle: (call) => change(call, optionsOf(call.world.cluster)),
  },
  {
    method: 'GET',
    path: GUEST_PATH,
    parameters: NODE_AND_VM,
    latencyMs: 5,
    rights: needs('/vms/{vmid}', 'VM.Audit'),
    handle: (call) => shown(optionsOf(guest(call))),
  },
  {
    method: 'PUT',
    path: GUEST_PATH,
    parameters: OF_GUEST,
    latencyMs: 9,
    rights: needs('/vms/{vmid}', 'VM.Config.Network'),
    handle: (call) => change(call, optionsOf(guest(call))),
  },
]

/** Numbers for what is 0 or 1, as recorded; an untouched file has only a digest. */
function shown(options: ReadonlyMap<string, string>): Record<string, unknown> {
  const values = [...options].map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value] as const)
  const text = [...options].map(([name, value]) => `${name}: ${value}\n`).join('')
  return { ...Object.fromEntries(values), digest: createHash('sha1').update(text).digest('hex') }
}

const NO_OPTIONS = new Set(['node', 'vmid', 'delete', 'digest'])

function change(call: Call, options: Map<string, string>): null {
  for (const name of formats.splitList(param(call, 'delete'))) options.delete(name)
  for (const [name, value] of call.parameters) if (!NO_OPTIONS.has(name)) options.set(name, value)
  return null
}
