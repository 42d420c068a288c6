import { isIP } from 'node:net'
import type { LoadedDocument } from './load.ts'
import type { LinkWish, NodeConfig } from './node-config.ts'
import { olderNetwork } from './older-network.ts'
import { Reader } from './reader.ts'
import { textOf } from './shape.ts'

/**
 * The network documents, checked and joined: hostname, links, aliases, shared addresses, resolvers and time.
 * A link may be named by an alias that selects it by MAC, which is the only safe way to name one.
 */
export type NetworkConfig = Pick<
  NodeConfig,
  'hostname' | 'links' | 'aliases' | 'vips' | 'nameservers' | 'timeServers' | 'timeSyncEnabled'
>

const HOSTNAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i
/** The one selector the lab understands: the link with this MAC. */
const MAC_SELECTOR =
  /^\s*mac\(link\.(?:permanent_addr|hardware_addr)\)\s*==\s*["']([0-9a-f]{2}(?::[0-9a-f]{2}){5})["']\s*$/i
/** Kinds that describe a link and therefore may not share a name. */
const LINK_KINDS = new Set(['LinkConfig', 'VLANConfig'])

export function checkNetwork(r: Reader, documents: readonly LoadedDocument[], type: string): NetworkConfig {
  const of = (kind: string) => documents.filter((document) => document.kind === kind)
  const linkNames = documents.filter((document) => LINK_KINDS.has(document.kind)).map((document) => document.name)
  for (const name of linkNames)
    if (linkNames.indexOf(name) !== linkNames.lastIndexOf(name))
      r.fault(`LinkConfig/${name}`, 'two link documents have one name')

  const [resolver] = of('ResolverConfig').map((document) => new Reader(document.body))
  const nameservers = resolver?.records('nameservers').map((server) => textOf(server['address'])) ?? []
  for (const address of nameservers)
    if (!isIP(address)) r.fault('ResolverConfig.nameservers', `"${address}" is not an address`)
  const [time] = of('TimeSyncConfig').map((document) => new Reader(document.body))
  const older = olderNetwork(r)
  const timeServers = time?.texts('ntp.servers') ?? r.texts('machine.time.servers')
  if (timeServers.includes('')) r.fault('TimeSyncConfig.ntp.servers', 'holds an empty name')

  return {
    hostname: older.hostname ?? checkHostname(r, of('HostnameConfig')),
    links: [...older.links, ...of('LinkConfig').map((document) => checkLink(r, document))],
    aliases: new Map([
      ...older.aliases,
      ...of('LinkAliasConfig').map((document) => [document.name, checkAlias(r, document)] as const),
    ]),
    vips: [...older.vips, ...of('Layer2VIPConfig').map((document) => checkVip(r, document, type))],
    nameservers: nameservers.length > 0 ? nameservers : r.texts('machine.network.nameservers'),
    timeServers,
    timeSyncEnabled: time?.flag('enabled', true) ?? !r.flag('machine.time.disabled', false),
  }
}

function checkHostname(r: Reader, documents: readonly LoadedDocument[]): string | undefined {
  const [document] = documents
  if (!document) return undefined
  const { auto, hostname } = document.body
  if (typeof hostname !== 'string' || hostname === '') {
    if (auto === undefined || auto === null || auto === 'off')
      r.fault('HostnameConfig', "either 'auto' or 'hostname' must be set")
    return undefined
  }
  if (auto === 'stable') r.fault('HostnameConfig.hostname', 'static hostname cannot be set if auto hostname is enabled')
  if (!HOSTNAME.test(hostname)) r.fault('HostnameConfig.hostname', `"${hostname}" is not a host name`)
  return hostname
}

function checkLink(r: Reader, document: LoadedDocument): LinkWish {
  const link = new Reader(document.body)
  const addresses = link.records('addresses').map((entry) => textOf(entry['address']))
  for (const address of addresses) {
    const [ip = '', prefix = ''] = address.split('/')
    if (!isIP(ip) || !/^\d{1,3}$/.test(prefix))
      r.fault(`LinkConfig/${document.name}.addresses`, `"${address}" is not an address with a prefix`)
  }
  let gateway: string | undefined
  for (const route of link.records('routes')) {
    const via = textOf(route['gateway'])
    if (via !== '' && !isIP(via)) r.fault(`LinkConfig/${document.name}.routes`, `"${via}" is not a gateway address`)
    const destination = textOf(route['destination'])
    if (via === '' && destination === '')
      r.fault(`LinkConfig/${document.name}.routes`, 'either destination or gateway is required')
    if (destination === '' || destination === '0.0.0.0/0') gateway = via
  }
  return { name: document.name, addresses, gateway }
}

function checkAlias(r: Reader, document: LoadedDocument): string {
  const selector = new Reader(document.body).text('selector.match')
  const match = MAC_SELECTOR.exec(selector)
  if (!match)
    r.fault(
      `LinkAliasConfig/${document.name}.selector.match`,
      `"${selector}" is not a selector this node can evaluate; use mac(link.permanent_addr) == "…"`,
    )
  return (match?.[1] ?? '').toLowerCase()
}

function checkVip(r: Reader, document: LoadedDocument, type: string): { address: string; link: string } {
  const link = new Reader(document.body).text('link')
  if (!isIP(document.name)) r.fault(`Layer2VIPConfig/${document.name}`, 'name must be the shared IP address')
  if (link === '') r.fault(`Layer2VIPConfig/${document.name}.link`, 'is required')
  if (type !== 'controlplane')
    r.fault(`Layer2VIPConfig/${document.name}`, 'virtual (shared) IP is not allowed on non-controlplane nodes')
  return { address: document.name, link }
}
