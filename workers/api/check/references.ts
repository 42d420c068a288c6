import type { ClusterDocument, Document, NetworkDocument } from '#core/model/document.ts'
import type { FieldError, Path } from '../http.ts'
import { didYouMean, fieldError } from './issues.ts'
import { named, type World } from './world.ts'

/** What a document refers to exists, in the request or stored, and belongs together. */
export function checkReferences(document: Document, at: Path, world: World): readonly FieldError[] {
  if (document.kind === 'Network') return missing(world.sites, 'Site', document.spec.site, [...at, 'spec', 'site'])
  if (document.kind === 'Cluster') return checkCluster(document, at, world)
  return []
}

function checkCluster({ spec }: ClusterDocument, at: Path, world: World): readonly FieldError[] {
  const network = named(world.networks, spec.nodeNetwork)
  return [
    ...missing(world.sites, 'Site', spec.site, [...at, 'spec', 'site']),
    ...(network
      ? elsewhere(network, named(world.sites, spec.site)?.metadata.name, [...at, 'spec', 'nodeNetwork'])
      : missing(world.networks, 'Network', spec.nodeNetwork, [...at, 'spec', 'nodeNetwork'])),
    ...missing(world.machineClasses, 'MachineClass', spec.controlPlane.class, [...at, 'spec', 'controlPlane', 'class']),
  ]
}

function missing(there: readonly Document[], kind: string, name: string, path: Path): readonly FieldError[] {
  if (there.some((document) => document.metadata.name === name)) return []
  const names = there.map((document) => document.metadata.name)
  const error = fieldError(path, `there is no ${kind} "${name}", neither here nor in the request`, 'reference-missing')
  return [{ ...error, ...didYouMean(name, names) }]
}

/** A site that does not exist is an error of its own. */
const elsewhere = (network: NetworkDocument, site: string | undefined, path: Path): readonly FieldError[] =>
  site === undefined || network.spec.site === site
    ? []
    : [fieldError(path, `the network "${network.metadata.name}" is at site "${network.spec.site}", not "${site}"`)]
