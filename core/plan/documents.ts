import type { ClusterDocument, MachineClassDocument, NetworkDocument, SiteDocument, Stored } from '../model/document.ts'
import type { ClusterView } from './view.ts'

/** The documents of a cluster, all of them there. */
export interface ClusterDocuments {
  readonly cluster: Stored<ClusterDocument>
  readonly site: Stored<SiteDocument>
  readonly network: Stored<NetworkDocument>
  readonly machineClass: Stored<MachineClassDocument>
}

type Gathered = Pick<ClusterView, 'cluster' | 'site' | 'network' | 'machineClass'>

/** undefined while a document the cluster refers to is gone. */
export function completeDocuments(view: Gathered): ClusterDocuments | undefined {
  const { cluster, site, network, machineClass } = view
  return site && network && machineClass ? { cluster, site, network, machineClass } : undefined
}

/** The references that lead nowhere, as `Kind/name`. */
export function missingReferences(view: Gathered): readonly string[] {
  const spec = view.cluster.spec
  return [
    ...(view.site ? [] : [`Site/${spec.site}`]),
    ...(view.network ? [] : [`Network/${spec.nodeNetwork}`]),
    ...(view.machineClass ? [] : [`MachineClass/${spec.controlPlane.class}`]),
  ]
}
