import { fromBase64 } from '../base64.ts'
import { listOf, membersOf, textOf, valueAt, type Members } from './config-document.ts'
import { fault, type FieldFault } from './fault.ts'
import type { KindRule } from './kind-rule.ts'
import { isAddress, isPrefix, required } from './value-rules.ts'

/** What a node asks of the documents about the network beyond their shape. Source: Talos `config/types/network`, in own words. */

/** Talos writes a default route without a destination, and refuses one with it. */
const isEverything = (network: string): boolean => /^(0+(\.0+){3}|[0:]+)\//.test(network)

export const linkFaults: KindRule = (document) => [
  ...listOf(document['addresses']).flatMap((item, index) => {
    const address = textOf(membersOf(item)?.['address'])
    return address === undefined || (isPrefix(address) && !isEverything(address))
      ? []
      : [fault(`addresses[${index}].address`, 'is no address')]
  }),
  ...listOf(document['routes']).flatMap((item, index) => {
    const { destination, gateway } = membersOf(item) ?? {}
    return [
      ...(textOf(destination) === undefined || (isPrefix(textOf(destination)!) && !isEverything(textOf(destination)!))
        ? []
        : [fault(`routes[${index}].destination`, 'is not a network; leave it out for a default route')]),
      ...(textOf(gateway) === undefined || isAddress(textOf(gateway)!)
        ? []
        : [fault(`routes[${index}].gateway`, 'is not an address')]),
    ]
  }),
]

const MAX_VLAN = 4094
const MAX_HOSTNAME_CHARS = 63
const MAX_FQDN_CHARS = 253

const hostname: KindRule = ({ auto, hostname: name }, { contract }) => {
  const text = textOf(name) ?? ''
  // 1.12 takes `off` for saying nothing; newer ones take any word.
  const said = textOf(auto) !== undefined && !(contract.emptyMachineNetwork && auto === 'off')
  if (text === '') return !said ? [fault('auto', 'or a hostname is needed')] : []
  const tooLong = text.length > MAX_FQDN_CHARS || text.split('.')[0]!.length > MAX_HOSTNAME_CHARS
  return [
    ...(auto === 'stable' ? [fault('auto', 'and hostname cannot both be set')] : []),
    ...(tooLong || text.startsWith('.') ? [fault('hostname', 'is not a name that a machine can have')] : []),
  ]
}

const resolver: KindRule = (document, { contract }) => [
  ...(valueAt(document, 'hostDNS.forwardKubeDNSToHost') === true && valueAt(document, 'hostDNS.enabled') !== true
    ? [fault('hostDNS.forwardKubeDNSToHost', 'needs hostDNS to be enabled')]
    : []),
  ...listOf(document['nameservers']).flatMap((item, index) => {
    const address = textOf(membersOf(item)?.['address'])
    // Before 1.14 one without an address was passed over.
    return (address === undefined && !contract.hostDnsDocument) || isAddress(address ?? '')
      ? []
      : [fault(`nameservers[${index}].address`, 'is not an address')]
  }),
]

const named =
  (fits: (name: string) => boolean, message: string): KindRule =>
  ({ name }) =>
    fits(textOf(name) ?? '') ? [] : [fault('name', message)]

const addressName = named(isAddress, 'must be an address')

/** A raw identifier belongs to the kind of identifier that is raw. */
const dhcp: KindRule = ({ clientIdentifier, duidRaw }) =>
  (textOf(duidRaw) !== undefined) === (clientIdentifier === 'duid')
    ? []
    : [fault('duidRaw', 'belongs to the clientIdentifier duid, and has to be there with it')]

const RESERVED_TABLES = ['unspec', 'local', 'main', 'default', '0', '253', '254', '255']
const MAX_RULE_PRIORITY = 32765
/** KubeSpan's own rule is there. */
const RESERVED_PRIORITIES = [32500]

const routingRule: KindRule = ({ name, table, action, fwMark, fwMask }) => {
  const priority = /^\d+$/.test(textOf(name) ?? '') ? Number(textOf(name)) : 0
  const somewhere = !['unspec', undefined].includes(textOf(table))
  const elsewhere = !['unspec', 'unicast', undefined].includes(textOf(action))
  return [
    ...(priority < 1 || priority > MAX_RULE_PRIORITY || RESERVED_PRIORITIES.includes(priority)
      ? [fault('name', `must be a priority from 1 to ${MAX_RULE_PRIORITY} that Talos does not use itself`)]
      : []),
    ...(somewhere || elsewhere ? [] : [fault('table', 'or an action other than unicast is needed')]),
    ...(fwMask && !fwMark ? [fault('fwMask', 'needs fwMark')] : []),
  ]
}

const WIREGUARD_KEY_BYTES = 32
const isWireguardKey = (text: string): boolean => fromBase64(text)?.length === WIREGUARD_KEY_BYTES

function wireguardKey(value: Members[string], field: string, needed: boolean): readonly FieldFault[] {
  const key = textOf(value)
  if (key === undefined) return needed ? [fault(field, 'is missing')] : []
  return isWireguardKey(key) ? [] : [fault(field, `must be base64 of ${WIREGUARD_KEY_BYTES} bytes`)]
}

const wireguard: KindRule = (document, context) => [
  ...linkFaults(document, context),
  ...wireguardKey(document['privateKey'], 'privateKey', true),
  ...listOf(document['peers']).flatMap((item, index) => [
    ...wireguardKey(membersOf(item)?.['publicKey'], `peers[${index}].publicKey`, true),
    ...wireguardKey(membersOf(item)?.['presharedKey'], `peers[${index}].presharedKey`, false),
  ]),
]

const bgp: KindRule = ({ localASN, neighbors }) => [
  ...(localASN ? [] : [fault('localASN', 'is missing')]),
  ...listOf(neighbors).flatMap((item, index) => {
    const { address, link } = membersOf(item) ?? {}
    const both = (textOf(address) === undefined) === (textOf(link) === undefined)
    return both ? [fault(`neighbors[${index}]`, 'needs an address or a link, and not both')] : []
  }),
]

export const NETWORK_RULES: Readonly<Record<string, KindRule>> = {
  LinkConfig: linkFaults,
  DummyLinkConfig: linkFaults,
  BondConfig: (document, context) => [
    ...linkFaults(document, context),
    ...(listOf(document['links']).length > 0 ? [] : [fault('links', 'needs at least one link')]),
  ],
  BridgeConfig: linkFaults,
  VLANConfig: (document, context) => {
    const id = document['vlanID']
    const fits = typeof id === 'number' && id >= 1 && id <= MAX_VLAN
    return [...linkFaults(document, context), ...(fits ? [] : [fault('vlanID', `must be 1 to ${MAX_VLAN}`)])]
  },
  VRFConfig: (document, context) => [
    ...linkFaults(document, context),
    ...(RESERVED_TABLES.includes(textOf(document['table']) ?? 'unspec')
      ? [fault('table', 'is one of the system')]
      : []),
  ],
  LinkAliasConfig: (document) => required(document, 'selector.match'),
  Layer2VIPConfig: addressName,
  HCloudVIPConfig: (document, context) => [
    ...addressName(document, context),
    ...required(document, 'link'),
    ...required(document, 'apiToken'),
  ],
  StaticHostConfig: (document, context) => [
    ...addressName(document, context),
    ...(listOf(document['hostnames']).length > 0 ? [] : [fault('hostnames', 'needs at least one name')]),
  ],
  BlackholeRouteConfig: named(isPrefix, 'must be a network'),
  RoutingRuleConfig: routingRule,
  DHCPv4Config: dhcp,
  DHCPv6Config: dhcp,
  WireguardConfig: wireguard,
  BGPInstanceConfig: bgp,
  HostnameConfig: hostname,
  ResolverConfig: resolver,
  NetworkRuleConfig: (document) =>
    listOf(valueAt(document, 'portSelector.ports')).length > 0
      ? []
      : [fault('portSelector.ports', 'needs at least one port')],
}
