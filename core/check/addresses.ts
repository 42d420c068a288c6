import { parseIpv4, parseIpv4Cidr, parseIpv4Range, rangeContains } from '../base/ipv4.ts'
import { machinesAsked } from '../model/cluster-machines.ts'
import type { ClusterDocument, Document, MachineDocument, NetworkDocument } from '../model/document.ts'
import { named, type Documents } from './documents.ts'
import { finding, type Finding, type Path } from './finding.ts'
import { isEdge, parsed } from './address-plan.ts'

/**
 * The addresses of a site, before anything is placed by them (P6): each lies in its network, is nobody's already, and
 * is not one the network keeps for itself or for others. The VIP may stand in a reserved range, a machine may not.
 *
 * `checkedItself` names the documents that are checked on their own, so that nothing is said twice.
 */
export function checkAddresses(
  document: Document,
  documents: Documents,
  checkedItself: (document: ClusterDocument | MachineDocument) => boolean,
): readonly Finding[] {
  if (document.kind === 'Cluster' || document.kind === 'Machine') return checkHolder(document, documents)
  if (document.kind === 'Network') return checkUsers(document, documents, checkedItself)
  return []
}

type Holder = ClusterDocument | MachineDocument

interface Held {
  /** As its own document calls it, and as others do. */
  readonly what: string
  readonly whose: string
  readonly address: string
  readonly network: string
  /** `reserved`: may stand where the network reserves. */
  readonly rule: 'reserved' | 'free'
  readonly pool: string | undefined
  readonly path: Path
}

function checkHolder(document: Holder, documents: Documents): readonly Finding[] {
  const takenBy = new Map(
    [...documents.clusters, ...documents.machines]
      .filter((other) => other.spec.site === document.spec.site && !isSame(other, document))
      .flatMap((other) => heldBy(other).map(({ address, whose }) => [address, whose] as const)),
  )
  const own = heldBy(document)
  return own.flatMap((held, index) => {
    const network = named(documents.networks, held.network)
    const earlier = own.slice(0, index).find((other) => other.address === held.address)
    const holder = earlier ? earlier.what : takenBy.get(held.address)
    const found = [
      ...(holder ? [`${held.address} is already taken by ${holder}`] : []),
      // A network that is missing or elsewhere is a matter of ./references.ts.
      ...(network?.spec.site === document.spec.site ? placeIn(network, held) : []),
    ]
    return found.map((message) => finding(held.path, message))
  })
}

const isSame = (a: Holder, b: Holder): boolean => a.kind === b.kind && a.metadata.name === b.metadata.name

function heldBy(document: Holder): readonly Held[] {
  if (document.kind === 'Machine') {
    const what = `the machine ${document.metadata.name}`
    return (document.spec.nics ?? []).flatMap(({ network, ip: address }, index) =>
      address === undefined
        ? []
        : [
            {
              what,
              whose: what,
              address,
              network,
              rule: 'reserved',
              pool: undefined,
              path: ['spec', 'nics', index, 'ip'],
            },
          ],
    )
  }
  const { metadata, spec } = document
  const vip: Held = {
    what: 'the VIP of this cluster',
    whose: `the VIP of cluster ${metadata.name}`,
    address: spec.endpoint.vip,
    network: spec.nodeNetwork,
    rule: 'reserved',
    pool: undefined,
    path: ['spec', 'endpoint', 'vip'],
  }
  const machines = machinesAsked(document).flatMap(({ name, nics, path }) =>
    nics.flatMap(({ network, address, pool }): readonly Held[] => {
      if (address === undefined) return []
      const whose = `the machine ${name} of cluster ${metadata.name}`
      return [{ what: `the machine ${name}`, whose, address, network, rule: 'free', pool, path }]
    }),
  )
  return [vip, ...machines]
}

function placeIn(network: NetworkDocument, { address, rule, pool }: Held): readonly string[] {
  const { cidr, gateway, reserved = {}, pools = {} } = network.spec
  const range = parsed(parseIpv4Cidr(cidr))
  const value = parsed(parseIpv4(address))
  const name = network.metadata.name
  if (!rangeContains(range, value)) return [`${address} is not in ${cidr} of the network "${name}"`]
  if (isEdge(range, value)) return [`${address} is the network or broadcast address of ${cidr}`]
  if (address === gateway) return [`${address} is the gateway of the network "${name}"`]
  if (rule === 'reserved') return []
  const within = (ranges: Readonly<Record<string, string>>, say: (key: string, text: string) => string) =>
    Object.entries(ranges)
      .filter(([, text]) => rangeContains(parsed(parseIpv4Range(text)), value))
      .map(([key, text]) => say(key, text))
  const others = Object.fromEntries(Object.entries(pools).filter(([key]) => key !== pool))
  return [
    ...within(reserved, (key, text) => `${address} is reserved as "${key}" (${text}) in the network "${name}"`),
    ...within(others, (key, text) => `${address} is of the pool "${key}" (${text}) of the network "${name}"`),
  ]
}

/** Those who stay as they are must still fit a network that changes under them. */
function checkUsers(
  network: NetworkDocument,
  documents: Documents,
  checkedItself: (document: Holder) => boolean,
): readonly Finding[] {
  return [...documents.clusters, ...documents.machines]
    .filter((holder) => holder.spec.site === network.spec.site && !checkedItself(holder))
    .flatMap((holder) =>
      heldBy(holder)
        .filter((held) => held.network === network.metadata.name)
        .flatMap((held) =>
          placeIn(network, held).map((message) =>
            finding(['spec'], `${holder.kind.toLowerCase()} ${holder.metadata.name} does not fit: ${message}`),
          ),
        ),
    )
}
