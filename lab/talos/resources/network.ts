import { nameservers } from '../files/tree.ts'
import { bare, type Link } from '../network.ts'
import type { TalosNode } from '../node.ts'
import type { CosiDraft } from '../resource-table.ts'
import { DEFAULT_TIME_SERVER } from '../apid/time-service.ts'
import { draft } from './draft.ts'

/** The first link behind the loopback. */
const FIRST_INDEX = 2

/** Links, addresses, routes and names, as the kernel has them now. */
export function networkResources(node: TalosNode): readonly CosiDraft[] {
  const addresses = node.links.flatMap((link) => link.addresses)
  const held = [...(node.cluster?.holders() ?? [])].filter(([, holder]) => holder === node.hostname)
  const shared = held.map(([address]) => `${address}/32`)
  return [
    draft('HostnameStatuses', 'hostname', { hostname: node.hostname, domainname: '' }),
    ...['default', 'current', 'routed', 'accumulative'].map((id) =>
      draft('NodeAddresses', id, {
        addresses: id === 'default' ? addresses.slice(0, 1) : [...addresses, ...shared],
        sortAlgorithm: 'v2',
      }),
    ),
    ...loopback(),
    ...node.links.flatMap((link, index) => linkDrafts(link, index + FIRST_INDEX)),
    ...shared.map((address) => addressDraft(node.links[0]?.name ?? 'eth0', FIRST_INDEX, address)),
    draft('ResolverStatuses', 'resolvers', { dnsServers: nameservers(node), searchDomains: [] }),
    draft('TimeServerStatuses', 'timeservers', {
      timeServers: node.config?.timeServers.length ? node.config.timeServers : [DEFAULT_TIME_SERVER],
    }),
    draft('NetworkStatuses', 'status', {
      addressReady: addresses.length > 0,
      connectivityReady: addresses.length > 0,
      hostnameReady: node.hostname !== '',
      etcFilesReady: true,
    }),
    draft('HardwareAddresses', 'first', { name: node.links[0]?.name ?? '', hardwareAddr: node.mac }),
  ]
}

function loopback(): readonly CosiDraft[] {
  return [
    draft('LinkStatuses', 'lo', {
      index: 1,
      type: 'loopback',
      linkIndex: 0,
      flags: 'UP,LOOPBACK,RUNNING,LOWER_UP',
      hardwareAddr: '00:00:00:00:00:00',
      mtu: 65_536,
      operationalState: 'unknown',
      kind: '',
      slaveKind: '',
      linkState: true,
    }),
    addressDraft('lo', 1, '127.0.0.1/8'),
  ]
}

function linkDrafts(link: Link, index: number): readonly CosiDraft[] {
  return [
    draft('LinkStatuses', link.name, {
      ...(link.alias === undefined ? {} : { alias: link.alias }),
      index,
      type: 'ether',
      linkIndex: 0,
      flags: 'UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP',
      hardwareAddr: link.mac,
      permanentAddr: link.mac,
      broadcastAddr: 'ff:ff:ff:ff:ff:ff',
      mtu: 1500,
      operationalState: 'up',
      kind: '',
      slaveKind: '',
      driver: 'virtio_net',
      linkState: true,
    }),
    ...link.addresses.map((address) => addressDraft(link.name, index, address)),
    ...(link.gateway === undefined ? [] : [routeDraft(link, index, link.gateway)]),
  ]
}

const addressDraft = (linkName: string, linkIndex: number, address: string): CosiDraft =>
  draft('AddressStatuses', `${linkName}/${address}`, {
    address,
    local: bare(address),
    linkIndex,
    linkName,
    family: 'inet4',
    scope: linkName === 'lo' ? 'host' : 'global',
    flags: 'permanent',
    priority: 0,
  })

const routeDraft = (link: Link, index: number, gateway: string): CosiDraft =>
  draft('RouteStatuses', `inet4/${gateway}//1024`, {
    family: 'inet4',
    dst: '',
    src: '',
    gateway,
    outLinkIndex: index,
    outLinkName: link.name,
    table: 'main',
    priority: 1024,
    scope: 'global',
    type: 'unicast',
    flags: '',
    protocol: 'static',
  })
