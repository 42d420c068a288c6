import type { Document, Kind } from '../model/document.ts'
import { named, type Documents } from './documents.ts'
import { didYouMean, finding, type Finding, type Path } from './finding.ts'

/** What a document refers to by name. */
export interface Reference {
  readonly kind: Exclude<Kind, 'Cluster'>
  readonly name: string
  readonly path: Path
}

export function referencesOf(document: Document): readonly Reference[] {
  if (document.kind === 'Network') return [{ kind: 'Site', name: document.spec.site, path: ['spec', 'site'] }]
  if (document.kind !== 'Cluster') return []
  const { site, nodeNetwork, controlPlane } = document.spec
  return [
    { kind: 'Site', name: site, path: ['spec', 'site'] },
    { kind: 'Network', name: nodeNetwork, path: ['spec', 'nodeNetwork'] },
    { kind: 'MachineClass', name: controlPlane.class, path: ['spec', 'controlPlane', 'class'] },
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

/** A cluster and its network are at one site. What does not exist is a matter of its own. */
export function checkSameSite(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Cluster' || !named(documents.sites, document.spec.site)) return []
  const { site, nodeNetwork } = document.spec
  const network = named(documents.networks, nodeNetwork)
  if (!network || network.spec.site === site) return []
  const message = `the network "${nodeNetwork}" is at site "${network.spec.site}", not "${site}"`
  return [finding(['spec', 'nodeNetwork'], message)]
}

function candidates(kind: Reference['kind'], documents: Documents): readonly Document[] {
  if (kind === 'Site') return documents.sites
  return kind === 'Network' ? documents.networks : documents.machineClasses
}
