import { parseIpv4, parseIpv4Cidr, parseIpv4Range, rangeContains, type Ipv4Cidr } from '../base/ipv4.ts'
import { invariant } from '../base/invariant.ts'
import type { Result } from '../base/result.ts'
import type { ClusterDocument, Document, NetworkDocument } from '../model/document.ts'
import { named, type Documents } from './documents.ts'
import { finding, type Finding } from './finding.ts'

/**
 * The address plan, before anything is placed by it (P6): every address lies in its network, is nobody's already, and is
 * not one the network keeps for itself. The VIP may stand in a reserved range, a machine may not.
 *
 * `checkedItself` names the clusters that are checked as documents of their own, so that nothing is said twice.
 */
export function checkAddresses(
  document: Document,
  documents: Documents,
  checkedItself: (cluster: ClusterDocument) => boolean,
): readonly Finding[] {
  if (document.kind === 'Cluster') return checkCluster(document, documents)
  if (document.kind === 'Network')
    return [...checkNetwork(document, documents), ...checkUsers(document, documents, checkedItself)]
  return []
}

function checkCluster(document: ClusterDocument, documents: Documents): readonly Finding[] {
  const network = named(documents.networks, document.spec.nodeNetwork)
  // A network that is missing or elsewhere is a matter of ./references.ts.
  const ours = network?.spec.site === document.spec.site ? network : undefined
  const others = documents.clusters.filter(
    (other) => other.metadata.name !== document.metadata.name && other.spec.site === document.spec.site,
  )
  const takenBy = new Map(others.flatMap(takenAddresses))
  const own = addressesOf(document)
  return own.flatMap(({ what, address, path }, index) => {
    const earlier = own.slice(0, index).find((other) => other.address === address)
    const holder = earlier ? earlier.what : takenBy.get(address)
    const found = [
      ...(holder ? [`${address} is already taken by ${holder}`] : []),
      ...(ours ? placeIn(ours, address, { mayBeReserved: what === VIP }) : []),
    ]
    return found.map((message) => finding(path, message))
  })
}

const VIP = 'the VIP of this cluster'

const addressesOf = ({ spec }: ClusterDocument) => [
  { what: VIP, address: spec.endpoint.vip, path: ['spec', 'endpoint', 'vip'] },
  ...Object.entries(spec.controlPlane.machines).map(([name, address]) => ({
    what: `the machine ${name}`,
    address,
    path: ['spec', 'controlPlane', 'machines', name],
  })),
]

/** Address → whose it is, in a cluster other than the one that is checked. */
const takenAddresses = (other: ClusterDocument): readonly (readonly [string, string])[] => [
  [other.spec.endpoint.vip, `the VIP of cluster ${other.metadata.name}`],
  ...Object.entries(other.spec.controlPlane.machines).map(
    ([name, address]) => [address, `the machine ${name} of cluster ${other.metadata.name}`] as const,
  ),
]

function placeIn(network: NetworkDocument, address: string, rule: { readonly mayBeReserved: boolean }): string[] {
  const { cidr, gateway, reserved = {} } = network.spec
  const range = parsed(parseIpv4Cidr(cidr))
  const value = parsed(parseIpv4(address))
  const name = network.metadata.name
  if (!rangeContains(range, value)) return [`${address} is not in ${cidr} of the network "${name}"`]
  if (isEdge(range, value)) return [`${address} is the network or broadcast address of ${cidr}`]
  if (address === gateway) return [`${address} is the gateway of the network "${name}"`]
  if (rule.mayBeReserved) return []
  return Object.entries(reserved)
    .filter(([, text]) => rangeContains(parsed(parseIpv4Range(text)), value))
    .map(([key, text]) => `${address} is reserved as "${key}" (${text}) in the network "${name}"`)
}

function checkNetwork(document: NetworkDocument, documents: Documents): readonly Finding[] {
  const { cidr, gateway, reserved = {}, site } = document.spec
  const range = parsed(parseIpv4Cidr(cidr))
  const errors: Finding[] = []
  const gatewayValue = parsed(parseIpv4(gateway))
  if (!rangeContains(range, gatewayValue) || isEdge(range, gatewayValue))
    errors.push(finding(['spec', 'gateway'], `${gateway} is not a host address in ${cidr}`))
  for (const [key, text] of Object.entries(reserved)) {
    const { first, last } = parsed(parseIpv4Range(text))
    if (!rangeContains(range, first) || !rangeContains(range, last))
      errors.push(finding(['spec', 'reserved', key], `${text} is not in ${cidr}`))
  }
  for (const other of documents.networks) {
    if (other.metadata.name === document.metadata.name || other.spec.site !== site) continue
    const { first, last } = parsed(parseIpv4Cidr(other.spec.cidr))
    if (range.first <= last && first <= range.last)
      errors.push(finding(['spec', 'cidr'], `${cidr} overlaps with ${other.spec.cidr} of "${other.metadata.name}"`))
  }
  return errors
}

/** Clusters that stay as they are must still fit a network that changes under them; the others are checked themselves. */
function checkUsers(
  network: NetworkDocument,
  documents: Documents,
  checkedItself: (cluster: ClusterDocument) => boolean,
): readonly Finding[] {
  return documents.clusters
    .filter((cluster) => cluster.spec.nodeNetwork === network.metadata.name && !checkedItself(cluster))
    .flatMap((cluster) =>
      addressesOf(cluster).flatMap(({ what, address }) =>
        placeIn(network, address, { mayBeReserved: what === VIP }).map((message) =>
          finding(['spec'], `cluster ${cluster.metadata.name} does not fit: ${message}`),
        ),
      ),
    )
}

const isEdge = (range: Ipv4Cidr, value: number): boolean => value === range.first || value === range.last

/** The schemas of the documents have parsed every one of these texts before. */
function parsed<T>(result: Result<T, string>): T {
  invariant(result.ok, 'an address text passed its schema')
  return result.value
}
