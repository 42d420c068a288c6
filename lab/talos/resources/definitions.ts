import type { Edition } from '../edition.ts'
import { CLUSTER_DEFINITIONS } from './definitions-cluster.ts'
import { MACHINE_DEFINITIONS } from './definitions-machine.ts'
import { NETWORK_DEFINITIONS } from './definitions-network.ts'
import { define, type Definition } from './define.ts'

export type { Definition } from './define.ts'

/** COSI's own: what resources and namespaces there are. */
const META_DEFINITIONS: readonly Definition[] = [
  define('meta', 'ResourceDefinitions.meta.cosi.dev', {
    aliases: ['api-resources'],
    columns: { Aliases: '{.aliases[:]}' },
    owner: 'runtime.MetaController',
  }),
  define('meta', 'Namespaces.meta.cosi.dev', { aliases: ['ns'], columns: { Description: '{.description}' } }),
]

/** Every type a node knows, whether or not it has one at the moment; others are refused by name. */
export const DEFINITIONS: readonly Definition[] = [
  ...META_DEFINITIONS,
  ...MACHINE_DEFINITIONS,
  ...NETWORK_DEFINITIONS,
  ...CLUSTER_DEFINITIONS,
]

const BY_TYPE = new Map(DEFINITIONS.map((definition) => [definition.type, definition]))

export const definitionsOf = (edition: Edition): readonly Definition[] =>
  DEFINITIONS.filter(({ since }) => since === undefined || edition.minor >= since)

export function findDefinition(edition: Edition, type: string): Definition | undefined {
  const found = BY_TYPE.get(type)
  return found && (found.since === undefined || edition.minor >= found.since) ? found : undefined
}

/** The namespaces and what COSI says they are for. */
export const NAMESPACES: Readonly<Record<string, string>> = {
  cluster: 'Cluster configuration and discovery resources.',
  config: 'Talos node configuration.',
  controlplane: 'Kubernetes control plane resources.',
  cri: 'CRI Seccomp resources.',
  etcd: 'etcd resources.',
  files: 'Files and file-like resources.',
  hardware: 'Hardware resources.',
  k8s: 'Kubernetes all node types resources.',
  kubespan: 'KubeSpan resources.',
  meta: 'Metadata namespace',
  network: 'Networking resources.',
  'network-config': 'Networking configuration resources.',
  perf: 'Stats resources.',
  runtime: 'Talos Runtime resources.',
  secrets: 'Resources with secret material.',
}
