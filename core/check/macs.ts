import { machinesAsked } from '../model/cluster-machines.ts'
import type { ClusterDocument, Document } from '../model/document.ts'
import { nicOf } from '../model/worker-set.ts'
import type { Documents } from './documents.ts'
import { didYouMean, finding, type Finding, type Path } from './finding.ts'

/** MACs that documents fix (P6): each is one machine's alone at its site, and of a machine that there is. */
export function checkMacs(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Cluster') return []
  const others = documents.clusters.filter(
    (other) => other.spec.site === document.spec.site && other.metadata.name !== document.metadata.name,
  )
  const takenBy = new Map<string, string>(
    others.flatMap((other) =>
      machinesAsked(other).flatMap(({ name, nics }) =>
        nics.flatMap(({ mac }) =>
          mac === undefined ? [] : [[mac, `the machine ${name} of cluster ${other.metadata.name}`] as const],
        ),
      ),
    ),
  )
  return fixedIn(document).flatMap(({ mac, name, names, path }) => {
    if (!names.includes(name))
      return [finding(path, `no machine here is called "${name}"`, { target: 'key', hint: didYouMean(name, names) })]
    const by = takenBy.get(mac)
    takenBy.set(mac, `the machine ${name}`)
    return by === undefined ? [] : [finding(path, `${mac} is already the MAC of ${by}`)]
  })
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
