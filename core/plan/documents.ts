import { classesOf, machinesAsked, networksOf, type AskedMachine } from '../model/cluster-machines.ts'
import type { ClusterDocument, MachineClassDocument, NetworkDocument, SiteDocument, Stored } from '../model/document.ts'
import type { MachineClassSpec } from '../model/machine-class.ts'
import type { NetworkSpec } from '../model/network.ts'
import { invariant } from '../base/invariant.ts'

/** The documents of a cluster, all of them there. */
export interface ClusterDocuments {
  readonly cluster: Stored<ClusterDocument>
  readonly site: Stored<SiteDocument>
  /** Those the cluster refers to, by name. */
  readonly networks: Readonly<Record<string, Stored<NetworkDocument>>>
  readonly machineClasses: Readonly<Record<string, Stored<MachineClassDocument>>>
}

/** What was found of them; a name that is missing leads nowhere. */
export interface GatheredDocuments extends Omit<ClusterDocuments, 'site'> {
  readonly site: Stored<SiteDocument> | undefined
}

/** undefined while a document the cluster refers to is gone. */
export function completeDocuments(gathered: GatheredDocuments): ClusterDocuments | undefined {
  const { cluster, site, networks, machineClasses } = gathered
  return site && missingReferences(gathered).length === 0 ? { cluster, site, networks, machineClasses } : undefined
}

/** The references that lead nowhere, as `Kind/name`. */
export function missingReferences({ cluster, site, networks, machineClasses }: GatheredDocuments): readonly string[] {
  const missing = (kind: string, names: readonly string[], found: object) =>
    names.filter((name) => !Object.hasOwn(found, name)).map((name) => `${kind}/${name}`)
  return [
    ...(site ? [] : [`Site/${cluster.spec.site}`]),
    ...missing('Network', networksOf(cluster), networks),
    ...missing('MachineClass', classesOf(cluster), machineClasses),
  ]
}

export const nodeNetworkOf = (documents: Pick<ClusterDocuments, 'cluster' | 'networks'>): NetworkSpec =>
  networkOf(documents, documents.cluster.spec.nodeNetwork)

export function networkOf({ networks }: Pick<ClusterDocuments, 'networks'>, name: string): NetworkSpec {
  const found = networks[name]
  invariant(found, 'complete documents have every network of the cluster')
  return found.spec
}

export function classOf({ machineClasses }: Pick<ClusterDocuments, 'machineClasses'>, name: string): MachineClassSpec {
  const found = machineClasses[name]
  invariant(found, 'complete documents have every class of the cluster')
  return found.spec
}

/** Machines that the documents ask for, by name: asked once for a whole look, because there can be hundreds. */
export const askedByName = ({ cluster }: Pick<ClusterDocuments, 'cluster'>): ReadonlyMap<string, AskedMachine> =>
  new Map(machinesAsked(cluster).map((asked) => [asked.name, asked]))
