import { document, isControlPlane, nonEmptyList, type ConfigDocument, type Renderer } from './document.ts'
import type { MachineNic, Route, Vlan } from '../machine-config-input.ts'

/** The network of one machine: static, and bound to NICs by their addresses. */

export const resolverDocuments: Renderer = ({ contract, cluster, machine }) => {
  const domains = nonEmptyList(machine.searchDomains)
  const members = {
    nameservers: nonEmptyList(machine.nameservers.map((address) => ({ address }))),
    searchDomains: domains && { domains },
    hostDNS: contract.hostDnsDocument ? hostDns(cluster.hostDns ?? true) : undefined,
  }
  return Object.values(members).some((member) => member !== undefined) ? [document('ResolverConfig', members)] : []
}

const hostDns = (enabled: boolean): ConfigDocument =>
  enabled ? { enabled: true, forwardKubeDNSToHost: true } : { enabled: false }

export const hostnameDocuments: Renderer = ({ machine: { hostname } }) => [
  document('HostnameConfig', { auto: hostname === undefined ? 'stable' : 'off', hostname }),
]

export const kubeSpanDocuments: Renderer = ({ contract, cluster }) =>
  cluster.kubeSpan === undefined || !contract.kubeSpanDocument
    ? []
    : [document('KubeSpanConfig', { enabled: cluster.kubeSpan })]

/** An alias found by MAC, because the name a kernel gives a NIC depends on its slot and on the image. */
const linkAlias = (index: number): string => `net${index}`

export const linkDocuments: Renderer = ({ machine }) =>
  machine.nics.flatMap((nic, index) => nicDocuments(nic, linkAlias(index), index))

/** Of two servers that name a gateway the first NIC's counts; this is what Talos gives a route by default. */
const FIRST_METRIC = 1024

const nicDocuments = (nic: MachineNic, alias: string, index: number): readonly ConfigDocument[] => [
  document('LinkAliasConfig', {
    name: alias,
    selector: { match: `mac(link.permanent_addr) == "${nic.mac.toLowerCase()}"` },
  }),
  document('LinkConfig', { name: alias, ...linkMembers(nic) }),
  ...(nic.dhcp === true ? [document('DHCPv4Config', { name: alias, routeMetric: FIRST_METRIC + index })] : []),
  ...(nic.vlans ?? []).map((vlan) =>
    document('VLANConfig', { name: `${alias}.${vlan.id}`, vlanID: vlan.id, parent: alias, ...linkMembers(vlan) }),
  ),
]

const linkMembers = ({ addresses, gateway, routes, mtu }: MachineNic | Vlan): ConfigDocument => ({
  up: true,
  mtu,
  addresses: nonEmptyList(addresses.map((address) => ({ address }))),
  routes: nonEmptyList([...(gateway ? [{ gateway }] : []), ...(routes ?? []).map(routeMembers)]),
})

const routeMembers = ({ destination, gateway, metric }: Route): ConfigDocument => ({
  destination: destination === undefined || EVERYTHING.has(destination) ? undefined : destination,
  gateway,
  metric,
})

/** A default route says no destination: Talos refuses these. */
const EVERYTHING: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0'])

export const timeDocuments: Renderer = ({ machine: { timeServers } }) =>
  timeServers?.length ? [document('TimeSyncConfig', { ntp: { servers: timeServers } })] : []

/** Workers never hold the VIP: it is elected through etcd. */
export const vipDocuments: Renderer = (input) =>
  input.cluster.vip && isControlPlane(input) && input.machine.nics.length > 0
    ? [document('Layer2VIPConfig', { name: input.cluster.vip, link: linkAlias(0) })]
    : []
