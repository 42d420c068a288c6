import { MAX_CLUSTER_MACHINES, machinesAsked } from '../model/cluster-machines.ts'
import type { ClusterDocument, Document, NetworkDocument } from '../model/document.ts'
import { MAX_NAME_CHARS } from '../model/ids.ts'
import { nicOf, type WorkerSet } from '../model/worker-set.ts'
import { named, type Documents } from './documents.ts'
import { didYouMean, finding, type Finding, type Path } from './finding.ts'

/** The machines of a cluster: their names, their number, their networks, and the reservations they draw from. */
export function checkMachines(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Cluster') return []
  return [
    ...checkNames(document),
    ...checkNodeNetwork(document, documents),
    ...checkFinding(document, documents),
    ...checkNics(document, documents),
    ...groupsOf(document).flatMap(({ path, drawFrom }) =>
      drawFrom === undefined ? [] : checkDraw(drawFrom, document.spec.site, [...path, 'drawFrom'], documents),
    ),
  ]
}

/** The control planes and each worker set: all that have a class and NICs in common. */
const groupsOf = ({ spec }: ClusterDocument) => [
  { path: ['spec', 'controlPlane'] as Path, ...spec.controlPlane },
  ...Object.entries(spec.workers ?? {}).map(([set, workers]) => ({
    path: ['spec', 'workers', set] as Path,
    ...workers,
  })),
]

function checkNames(document: ClusterDocument): readonly Finding[] {
  const machines = machinesAsked(document)
  const seen = new Map<string, string>()
  const found: Finding[] = []
  // A set of a hundred says the same thing a hundred times.
  const said = new Set<string>()
  const say = (path: Path, message: string) => {
    if (said.has(JSON.stringify(path))) return
    said.add(JSON.stringify(path))
    found.push(finding(path, message))
  }
  for (const { name, set, path } of machines) {
    const earlier = seen.get(name)
    if (earlier !== undefined) say(path, `the machine ${name} is already one of ${earlier}`)
    seen.set(name, set === undefined ? 'the control planes' : `the workers of ${set}`)
    if (name.length > MAX_NAME_CHARS)
      say(path, `the machine would be called ${name}, and a name has at most ${MAX_NAME_CHARS} characters`)
  }
  if (machines.length > MAX_CLUSTER_MACHINES)
    say(['spec', 'workers'], `a cluster has at most ${MAX_CLUSTER_MACHINES} machines, not ${machines.length}`)
  return found
}

/** Nodes fetch images and packages, and people reach the API: all through the gateway of their network. */
function checkNodeNetwork({ spec }: ClusterDocument, documents: Documents): readonly Finding[] {
  const network = named(documents.networks, spec.nodeNetwork)
  return network?.spec.isolated === true
    ? [finding(['spec', 'nodeNetwork'], `the network "${spec.nodeNetwork}" is isolated, and nodes need a gateway`)]
    : []
}

const AGENT = 'qemu-guest-agent'

/** Where a DHCP server gives addresses, a machine is found by its guest agent, or by the address that is kept for it. */
function checkFinding(document: ClusterDocument, documents: Documents): readonly Finding[] {
  const { nodeNetwork, talos } = document.spec
  const network = named(documents.networks, nodeNetwork)
  if (network?.spec.addressing !== 'dhcp' || talos.extensions?.some((name) => name.endsWith(AGENT))) return []
  const lost = machinesAsked(document).find(({ nics }) => nics[0]?.address === undefined)
  if (!lost) return []
  const why = `nobody knows the address that ${lost.name} gets by DHCP in "${nodeNetwork}"`
  return [finding(['spec', 'talos', 'extensions'], `${why}: add ${AGENT}, or name the address that is kept for it`)]
}

function checkNics(document: ClusterDocument, documents: Documents): readonly Finding[] {
  const { spec } = document
  return groupsOf(document).flatMap(({ path, nics = [], machines }) => {
    const [first] = nics
    const wrongFirst =
      first !== undefined && nicOf(first).network !== spec.nodeNetwork
        ? [finding([...path, 'nics', 0], `the first NIC is in the node network, "${spec.nodeNetwork}"`)]
        : []
    const pools = nics.flatMap((nic, index) => {
      const { network: name, pool } = nicOf(nic)
      const network = named(documents.networks, name)
      const at = [...path, 'nics', index, 'pool']
      if (pool === undefined || !network) return []
      return network.spec.addressing === 'dhcp'
        ? [finding(at, `the network "${name}" gives addresses by DHCP, out of no pool`)]
        : checkPool(pool, network, at)
    })
    return [...wrongFirst, ...pools, ...checkGivenNetworks(path, machines, nics, spec)]
  })
}

function checkPool(pool: string, network: NetworkDocument, path: Path): readonly Finding[] {
  const pools = Object.keys(network.spec.pools ?? {})
  if (pools.includes(pool)) return []
  const message = `the network "${network.metadata.name}" has no pool "${pool}"`
  return [finding(path, message, { hint: didYouMean(pool, pools) })]
}

/** An address in a network that the machine is not on would be given in vain. */
function checkGivenNetworks(
  path: Path,
  machines: WorkerSet['machines'],
  nics: NonNullable<WorkerSet['nics']>,
  { nodeNetwork }: ClusterDocument['spec'],
): readonly Finding[] {
  const on = nics.length === 0 ? [nodeNetwork] : nics.map((nic) => nicOf(nic).network)
  return Object.entries(machines ?? {}).flatMap(([name, given]) =>
    (typeof given === 'string' ? [] : Object.keys(given))
      .filter((network) => !on.includes(network))
      .map((network) =>
        finding([...path, 'machines', name, network], `the machine has no NIC in "${network}"`, {
          target: 'key',
          hint: didYouMean(network, on),
        }),
      ),
  )
}

/** Hosts of which none has the reservation would give nothing. */
export function checkDraw(drawFrom: string, siteName: string, path: Path, documents: Documents): readonly Finding[] {
  const site = named(documents.sites, siteName)
  if (!site) return []
  const names = site.spec.hosts.flatMap(({ reserve }) => Object.keys(reserve ?? {})).filter((name) => name !== 'host')
  if (names.includes(drawFrom)) return []
  const message = `no host of the site "${siteName}" has a reservation "${drawFrom}"`
  return [finding(path, message, { hint: didYouMean(drawFrom, names) })]
}
