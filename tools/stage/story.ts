import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type {
  ClusterDocument,
  Document,
  MachineClassDocument,
  NetworkDocument,
  SiteDocument,
} from '#core/model/document.ts'
import { ROOT } from './run-process.ts'

/** The documents of the first story, by kind. */
export interface Story {
  readonly site: SiteDocument
  readonly network: NetworkDocument
  readonly machineClass: MachineClassDocument
  readonly cluster: ClusterDocument
}

/** `examples/homelab.yaml`; with a suffix, the same story under names of its own, so that several can play at once. */
export function homelab(suffix = ''): Story {
  const documents = parseAllDocuments(readFileSync(`${ROOT}examples/homelab.yaml`, 'utf8')).map(
    (document) => document.toJS() as Document,
  )
  const find = <D extends Document>(kind: D['kind']): D => documents.find((document) => document.kind === kind) as D
  const named = <D extends Document>(document: D): D => ({
    ...document,
    metadata: { ...document.metadata, name: `${document.metadata.name}${suffix}` },
  })
  const site = named(find<SiteDocument>('Site'))
  const network = named(find<NetworkDocument>('Network'))
  const cluster = named(find<ClusterDocument>('Cluster'))
  return {
    site,
    network: { ...network, spec: { ...network.spec, site: site.metadata.name } },
    machineClass: find<MachineClassDocument>('MachineClass'),
    cluster: {
      ...cluster,
      spec: { ...cluster.spec, site: site.metadata.name, nodeNetwork: network.metadata.name },
    },
  }
}

/** In the order in which they depend on each other. */
export const documentsOf = (story: Story): readonly Document[] => [
  story.site,
  story.network,
  story.machineClass,
  story.cluster,
]
