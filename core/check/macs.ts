import { machinesAsked } from '../model/cluster-machines.ts'
import { isManaged, type ClusterDocument, type Document, type MachineDocument } from '../model/document.ts'
import { nicOf } from '../model/worker-set.ts'
import { idOf, type Documents } from './documents.ts'
import { didYouMean, finding, type Finding, type Path } from './finding.ts'

/** MACs that documents fix (P6): each is one machine's alone at its site, and of a machine that there is. */
export function checkMacs(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Cluster' && document.kind !== 'Machine') return []
  const others = [...documents.clusters, ...documents.machines].filter(
    (other) => other.spec.site === document.spec.site && idOf(other) !== idOf(document),
  )
  const takenBy = new Map(others.flatMap(holdersIn))
  return (document.kind === 'Cluster' ? fixedIn(document) : fixedBy(document)).flatMap(({ mac, name, names, path }) => {
    if (!names.includes(name))
      return [finding(path, `no machine here is called "${name}"`, { target: 'key', hint: didYouMean(name, names) })]
    const by = takenBy.get(mac)
    takenBy.set(mac, `the machine ${name}`)
    return by === undefined ? [] : [finding(path, `${mac} is already the MAC of ${by}`)]
  })
}

/** MAC → whose it is, as others call them. */
function holdersIn(document: ClusterDocument | MachineDocument): readonly (readonly [string, string])[] {
  if (document.kind === 'Machine')
    return fixedBy(document).map(({ mac, name }) => [mac, `the machine ${name}`] as const)
  return machinesAsked(document).flatMap(({ name, nics }) =>
    nics.flatMap(({ mac }) =>
      mac === undefined ? [] : [[mac, `the machine ${name} of cluster ${document.metadata.name}`] as const],
    ),
  )
}

function fixedBy(document: MachineDocument): readonly Fixed[] {
  if (!isManaged(document)) return []
  const { name } = document.metadata
  return document.spec.nics.flatMap(({ mac }, index) =>
    mac === undefined ? [] : [{ mac: mac.toUpperCase(), name, names: [name], path: ['spec', 'nics', index, 'mac'] }],
  )
}

interface Fixed {
  readonly mac: string
  /** Whose it shall be. */
  readonly name: string
  /** Of the machines that have this NIC. */
  readonly names: readonly string[]
  readonly path: Path
}

function fixedIn(cluster: ClusterDocument): readonly Fixed[] {
  const { controlPlane, workers = {} } = cluster.spec
  const asked = machinesAsked(cluster)
  const groups = [
    { set: undefined, nics: controlPlane.nics, path: ['spec', 'controlPlane'] as Path },
    ...Object.entries(workers).map(([set, { nics }]) => ({ set, nics, path: ['spec', 'workers', set] as Path })),
  ]
  return groups.flatMap(({ set, nics = [], path }) => {
    const names = asked.filter((machine) => machine.set === set).map(({ name }) => name)
    return nics.flatMap((nic, index) =>
      Object.entries(nicOf(nic).macs ?? {}).map(([name, mac]) => ({
        mac: mac.toUpperCase(),
        name,
        names,
        path: [...path, 'nics', index, 'macs', name],
      })),
    )
  })
}
