/** The kinds this small API serves, as its discovery tells them. */
export interface ApiResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly verbs: readonly string[]
}

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'patch', 'update']

const core = (
  plural: string,
  kind: string,
  namespaced: boolean,
  shortNames: readonly string[],
  verbs: readonly string[],
): ApiResource => ({
  group: '',
  version: 'v1',
  plural,
  singular: kind.toLowerCase(),
  kind,
  namespaced,
  shortNames,
  verbs,
})

const rbac = (plural: string, kind: string): ApiResource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  singular: kind.toLowerCase(),
  kind,
  namespaced: false,
  shortNames: [],
  verbs: [...READ, ...WRITE],
})

/** Talos' manifests make some, and people others. */
const apps = (plural: string, kind: string, shortName: string): ApiResource => ({
  group: 'apps',
  version: 'v1',
  plural,
  singular: kind.toLowerCase(),
  kind,
  namespaced: true,
  shortNames: [shortName],
  verbs: [...READ, ...WRITE],
})

export const RESOURCES: readonly ApiResource[] = [
  core('namespaces', 'Namespace', false, ['ns'], [...READ, 'create', 'delete', 'patch']),
  core('configmaps', 'ConfigMap', true, ['cm'], [...READ, ...WRITE]),
  core('nodes', 'Node', false, ['no'], [...READ, 'delete', 'patch']),
  core('pods', 'Pod', true, ['po'], [...READ, 'create', 'delete', 'patch']),
  apps('daemonsets', 'DaemonSet', 'ds'),
  apps('deployments', 'Deployment', 'deploy'),
  apps('replicasets', 'ReplicaSet', 'rs'),
  { ...apps('poddisruptionbudgets', 'PodDisruptionBudget', 'pdb'), group: 'policy' },
  rbac('clusterroles', 'ClusterRole'),
  rbac('clusterrolebindings', 'ClusterRoleBinding'),
]

export const apiVersionOf = (resource: ApiResource): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`

export const findResource = (apiVersion: string, kind: string): ApiResource | undefined =>
  RESOURCES.find((resource) => apiVersionOf(resource) === apiVersion && resource.kind === kind)
