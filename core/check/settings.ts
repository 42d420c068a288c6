import { parseIpv4Cidr, type Ipv4Range } from '../base/ipv4.ts'
import type { ClusterDocument, Document, NetworkDocument } from '../model/document.ts'
import { contractFor, findContractName } from '../talos/contracts/contract-for.ts'
import { POD_SUBNETS, SERVICE_SUBNETS } from '../talos/render/defaults.ts'
import type { Documents } from './documents.ts'
import { finding, type Finding } from './finding.ts'

/** A /24 for each node has to come out of it. */
const MAX_POD_PREFIX = 22

/**
 * Settings that a schema cannot judge: what the contract of the cluster can write, and networks that lie over each other.
 * `contract` is that of the cluster, or the one it would get; `checkedItself` names the clusters that are checked as
 * documents of their own, so that nothing is said twice.
 */
export function checkSettings(
  document: Document,
  documents: Documents,
  contract: string | undefined,
  checkedItself: (cluster: ClusterDocument) => boolean,
): readonly Finding[] {
  if (document.kind === 'Network') return checkUnder(document, documents, checkedItself)
  if (document.kind !== 'Cluster') return []
  return [...checkContract(document, contract), ...checkSubnets(document, documents)]
}

function checkContract({ spec }: ClusterDocument, contract = ''): readonly Finding[] {
  const name = findContractName(contract)
  if (!name || spec.talos.workloadIsolation === undefined || contractFor(name).workloadIsolation) return []
  return [
    finding(['spec', 'talos', 'workloadIsolation'], `begins with Talos 1.14; this cluster has the contract ${name}`, {
      target: 'key',
    }),
  ]
}

/** A network that comes under clusters whose own networks lie there. */
function checkUnder(
  document: NetworkDocument,
  documents: Documents,
  checkedItself: (cluster: ClusterDocument) => boolean,
): readonly Finding[] {
  const { cidr, site } = document.spec
  const lan = network('the LAN', cidr, [])
  return documents.clusters
    .filter((cluster) => cluster.spec.site === site && !checkedItself(cluster))
    .flatMap((cluster) => {
      const over = askedSubnets(cluster).find(({ range }) => overlap(range, lan.range))
      const whose = `${over?.whose} of cluster "${cluster.metadata.name}"`
      return over ? [finding(['spec', 'cidr'], `${cidr} overlaps with ${over.cidr} of ${whose}`)] : []
    })
}

function subnetsOf({ spec }: ClusterDocument) {
  const { podSubnets = POD_SUBNETS, serviceSubnets = SERVICE_SUBNETS } = spec.kubernetes
  return {
    pods: podSubnets.map((cidr, index) => network('the pods', cidr, ['podSubnets', index])),
    services: serviceSubnets.map((cidr, index) => network('the services', cidr, ['serviceSubnets', index])),
  }
}

function askedSubnets(document: ClusterDocument) {
  const { pods, services } = subnetsOf(document)
  const { podSubnets, serviceSubnets } = document.spec.kubernetes
  return [...(podSubnets ? pods : []), ...(serviceSubnets ? services : [])]
}

/** Only networks that are asked for are at fault; the defaults are what they always were. */
function checkSubnets(document: ClusterDocument, documents: Documents): readonly Finding[] {
  const { spec } = document
  const { podSubnets } = spec.kubernetes
  const { pods, services } = subnetsOf(document)
  const lan = documents.networks
    .filter((each) => each.spec.site === spec.site)
    .map(({ metadata, spec: { cidr } }) => network(`the network "${metadata.name}"`, cidr, []))
  const others = [...pods, ...services, ...lan]
  const overlaps = askedSubnets(document).flatMap((one) => {
    const other = others.find((each) => each.whose !== one.whose && overlap(one.range, each.range))
    return other ? [finding(one.path, `${one.cidr} overlaps with ${other.cidr} of ${other.whose}`)] : []
  })
  const small = pods
    .filter(({ range }) => podSubnets && range.last - range.first + 1 < 2 ** (32 - MAX_POD_PREFIX))
    .map(({ path, cidr }) => finding(path, `${cidr} is too small: each node takes a /24 of it; give at least a /22`))
  return [...overlaps, ...small]
}

const overlap = (a: Ipv4Range, b: Ipv4Range): boolean => a.first <= b.last && b.first <= a.last

function network(whose: string, cidr: string, path: readonly (string | number)[]) {
  const parsed = parseIpv4Cidr(cidr)
  // A schema has parsed it before; one that it did not touches nothing.
  const range: Ipv4Range = parsed.ok ? parsed.value : { first: 1, last: 0 }
  return { whose, cidr, path: ['spec', 'kubernetes', ...path], range }
}
