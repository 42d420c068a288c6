import { nicOf, type NicChoice } from '../model/worker-set.ts'
import type { ClusterDocument, Document, Kind } from '../model/document.ts'
import type { z } from 'zod'
import { named, type Documents } from './documents.ts'
import { didYouMean, finding, type Finding, type Path } from './finding.ts'

/** What a document refers to by name. */
export interface Reference {
  readonly kind: 'Site' | 'Network' | 'MachineClass'
  readonly name: string
  readonly path: Path
}

export function referencesOf(document: Document): readonly Reference[] {
  switch (document.kind) {
    case 'Site':
    case 'MachineClass':
      return []
    case 'Network':
      return [site(document.spec.site)]
    case 'Machine':
      return [
        site(document.spec.site),
        ...(document.spec.mode === 'managed' ? [machineClass(document.spec.class, ['spec', 'class'])] : []),
        ...(document.spec.nics ?? []).map(({ network: name }, index) =>
          network(name, ['spec', 'nics', index, 'network']),
        ),
      ]
    case 'Cluster':
      return clusterReferences(document)
  }
}

const site = (name: string): Reference => ({ kind: 'Site', name, path: ['spec', 'site'] })
const network = (name: string, path: Path): Reference => ({ kind: 'Network', name, path })
const machineClass = (name: string, path: Path): Reference => ({ kind: 'MachineClass', name, path })

function clusterReferences({ spec }: ClusterDocument): readonly Reference[] {
  const { controlPlane, workers = {} } = spec
  const nics = (chosen: readonly z.infer<typeof NicChoice>[] | undefined, path: Path) =>
    (chosen ?? []).map((nic, index) =>
      network(nicOf(nic).network, [...path, 'nics', index, ...(typeof nic === 'string' ? [] : ['network'])]),
    )
  return [
    site(spec.site),
    network(spec.nodeNetwork, ['spec', 'nodeNetwork']),
    machineClass(controlPlane.class, ['spec', 'controlPlane', 'class']),
    ...nics(controlPlane.nics, ['spec', 'controlPlane']),
    ...Object.entries(workers).flatMap(([set, wanted]) => [
      machineClass(wanted.class, ['spec', 'workers', set, 'class']),
      ...nics(wanted.nics, ['spec', 'workers', set]),
    ]),
  ]
}

/** References that lead nowhere, each with a hint where one is near. */
export function danglingReferences(
  document: Document,
  documents: Documents,
): readonly (Reference & { readonly hint: string | undefined })[] {
  return referencesOf(document).flatMap((reference) => {
    const names = candidates(reference.kind, documents).map(({ metadata }) => metadata.name)
    return names.includes(reference.name) ? [] : [{ ...reference, hint: didYouMean(reference.name, names) }]
  })
}

/** Who is on a network is at its site. What does not exist is a matter of its own. */
export function checkSameSite(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Cluster' && document.kind !== 'Machine') return []
  const own = document.spec.site
  if (!named(documents.sites, own)) return []
  return referencesOf(document).flatMap(({ kind, name, path }) => {
    const found = kind === 'Network' ? named(documents.networks, name) : undefined
    if (!found || found.spec.site === own) return []
    return [finding(path, `the network "${name}" is at site "${found.spec.site}", not "${own}"`)]
  })
}

function candidates(kind: Kind, documents: Documents): readonly Document[] {
  if (kind === 'Site') return documents.sites
  return kind === 'Network' ? documents.networks : documents.machineClasses
}
