import { badParameters, failed } from '../failure.ts'
import { changedIn9, choice, flag, integer, needed, since9, text, type ParameterTable } from '../parameter.ts'
import * as formats from '../formats.ts'
import type { BridgeOptions } from '../options.ts'
import { isSet, needs, param, WithAttributes, type Call, type Route } from '../route.ts'
import { NODE } from '../vm-parameters.ts'
import { words } from '../words.ts'

/**
 * A host's network: looking at it, and changes to its bridges, which are staged in one file that everybody shares and
 * become real with a reload.
 */
const TYPES = words('bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort')
const TYPES_OF_8 = TYPES.filter((type) => type !== 'fabric')
const PORT_TYPES = words('vnet any_bridge any_local_bridge')
const IFACE = needed(text({ minLength: 2, maxLength: 20, pattern: /^[a-zA-Z][a-zA-Z0-9_]{1,20}([:.]\d+)?$/ }))

const OPTIONS: ParameterTable = {
  ...Object.fromEntries(
    words('bond-primary bridge_ports bridge_vids cidr cidr6 comments comments6 ovs_bonds ovs_bridge').map((name) => [
      name,
      text(),
    ]),
  ),
  ...Object.fromEntries(words('ovs_ports slaves vlan-raw-device').map((name) => [name, text()])),
  address: text({ format: formats.ipv4, requires: 'netmask' }),
  address6: text({ format: formats.ipv6, requires: 'netmask6' }),
  autostart: flag(),
  bond_mode: choice(
    ...words('balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb balance-slb'),
    ...words('lacp-balance-slb lacp-balance-tcp'),
  ),
  bond_xmit_hash_policy: choice('layer2', 'layer2+3', 'layer3+4'),
  bridge_vlan_aware: flag(),
  gateway: text({ format: formats.ipv4 }),
  gateway6: text({ format: formats.ipv6 }),
  iface: IFACE,
  mtu: integer(1280, 65520),
  netmask: text({ requires: 'address' }),
  netmask6: integer(0, 128, { requires: 'address6' }),
  ovs_options: text({ maxLength: 1024 }),
  ovs_tag: integer(1, 4094),
  type: changedIn9(needed(choice(...TYPES, 'vnet', 'unknown')), needed(choice(...TYPES_OF_8, 'vnet', 'unknown'))),
  'vlan-id': integer(1, 4094),
}
const mayChange = needs('/nodes/{node}', 'Sys.Modify')

export const networkRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/network',
    parameters: {
      ...NODE,
      type: changedIn9(choice(...TYPES, ...PORT_TYPES, 'include_sdn'), choice(...TYPES_OF_8, ...PORT_TYPES)),
    },
    latencyMs: 14,
    handle: (call) =>
      call.world.stagedBridges === undefined
        ? network(call)
        : new WithAttributes(network(call), {
            changes: '--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n',
          }),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/network',
    parameters: { ...NODE, ...OPTIONS },
    latencyMs: 18,
    rights: mayChange,
    handle: (call) => {
      const name = param(call, 'iface')
      if (staged(call).some((bridge) => bridge.name === name))
        throw badParameters({ iface: 'interface already exists' })
      if (param(call, 'type') !== 'bridge')
        throw failed(`interfaces of type '${param(call, 'type')}' are not simulated by this host`)
      call.world.stagedBridges = [...staged(call), bridgeOf(call, name)]
      return null
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/network',
    parameters: { ...NODE, 'regenerate-frr': since9(flag()) },
    latencyMs: 25,
    rights: mayChange,
    handle: ({ world, who }) =>
      world.tasks.start('srvreload', 'networking', who, async (worker) => {
        await worker.busy(RELOAD_MS)
        world.bridges = world.stagedBridges ?? world.bridges
        world.stagedBridges = undefined
      }),
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/network',
    parameters: NODE,
    latencyMs: 9,
    rights: mayChange,
    handle: ({ world }) => {
      world.stagedBridges = undefined
      return null
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/network/{iface}',
    parameters: { ...NODE, iface: IFACE },
    latencyMs: 9,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: (call) => {
      const bridge = staged(call).find(({ name }) => name === param(call, 'iface'))
      if (!bridge) throw badParameters({ iface: 'interface does not exist' })
      const { iface: _, ...rest } = bridgeRow(bridge)
      return rest
    },
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/network/{iface}',
    parameters: { ...NODE, iface: IFACE },
    latencyMs: 11,
    rights: mayChange,
    handle: (call) => {
      const name = param(call, 'iface')
      if (!staged(call).some((bridge) => bridge.name === name))
        throw badParameters({ iface: 'interface does not exist' })
      call.world.stagedBridges = staged(call).filter((bridge) => bridge.name !== name)
      return null
    },
  },
]

const RELOAD_MS = 2500

const staged = ({ world }: Call): readonly BridgeOptions[] => world.stagedBridges ?? world.bridges

function bridgeOf(call: Call, name: string): BridgeOptions {
  const cidr = call.parameters.get('cidr')
  return {
    name,
    port: call.parameters.get('bridge_ports'),
    vlanAware: isSet(call, 'bridge_vlan_aware'),
    ...(cidr === undefined ? {} : { cidr }),
  }
}

/** A bridge without the right to use it is left out: "no such bridge" and "no right" look alike. */
function network(call: Call): unknown[] {
  const { world, who } = call
  const type = param(call, 'type')
  const bridges = staged(call)
    .filter(({ name }) => world.access.mayAny(who, `/sdn/zones/localnetwork/${name}`, ['SDN.Use', 'SDN.Audit']))
    .map(bridgeRow)
  const ports = [...new Set(world.bridges.flatMap(({ port }) => port?.split(' ') ?? [])), 'eno1']
    .filter((port, index, all) => port !== '' && all.indexOf(port) === index)
    .map((iface) => ({ iface, type: 'eth', method: 'manual', method6: 'manual', families: ['inet'], priority: 3 }))
  if (['bridge', 'any_bridge', 'any_local_bridge'].includes(type)) return bridges
  if (type === '' || type === 'include_sdn') return [...ports, ...bridges]
  return type === 'eth' ? ports : []
}

const bridgeRow = (bridge: BridgeOptions) => {
  const [address = '', netmask = ''] = bridge.cidr?.split('/') ?? []
  return {
    iface: bridge.name,
    type: 'bridge',
    active: 1,
    autostart: 1,
    bridge_fd: '0',
    bridge_ports: bridge.port ?? '',
    bridge_stp: 'off',
    families: ['inet'],
    method: bridge.cidr === undefined ? 'manual' : 'static',
    method6: 'manual',
    priority: 4,
    ...(bridge.vlanAware === true ? { bridge_vlan_aware: 1, bridge_vids: '2-4094' } : {}),
    ...(bridge.cidr === undefined ? {} : { address, cidr: bridge.cidr, netmask }),
  }
}
