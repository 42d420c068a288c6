import { isRecord } from '../talos/config/shape.ts'
import type { ObjectStore, ObjectDraft } from './objects.ts'

/** Who asks, as certificate or impersonation say. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

export interface Attributes {
  readonly verb: string
  readonly group: string
  /** `nodes`, or empty for a path. */
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
  readonly path?: string
}

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const MASTERS = 'system:masters'
const HEALTH_PATHS = ['/livez', '/readyz', '/healthz']

const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]) => ({
  apiGroups,
  resources,
  verbs,
})
const role = (name: string, rules: readonly unknown[]): ObjectDraft => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  rules,
})
const READ = ['get', 'list', 'watch']
const WRITE = [...READ, 'create', 'delete', 'patch', 'update']
const READ_WORKLOADS = rule(['apps'], ['daemonsets', 'deployments', 'replicasets'], READ)
const WRITE_WORKLOADS = [
  rule(['apps'], ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'], WRITE),
  rule([''], ['pods'], WRITE),
  rule([''], ['pods/eviction'], ['create']),
]

/** The roles every cluster is born with, as far as the kinds served here go. `view` does not show nodes, as in life. */
const BUILT_IN: readonly ObjectDraft[] = [
  role('cluster-admin', [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }]),
  role('admin', [...WRITE_WORKLOADS, rule([''], ['namespaces'], READ)]),
  role('edit', [...WRITE_WORKLOADS, rule([''], ['namespaces'], READ)]),
  role('view', [rule([''], ['pods', 'namespaces'], READ), READ_WORKLOADS]),
]

export function addBuiltInRoles(store: ObjectStore): void {
  for (const draft of BUILT_IN) store.put('clusterroles', draft)
}

/** Binds a group to a cluster role, as an administrator would. */
export function bindGroup(store: ObjectStore, group: string, roleName: string): void {
  store.put('clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `${group.replaceAll(':', '-')}-${roleName}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
  })
}

/** Whether the cluster lets the user do this; only cluster-wide bindings exist here. */
export function allows(store: ObjectStore, user: User, asked: Attributes): boolean {
  if (user.groups.includes(MASTERS)) return true
  if (
    asked.path !== undefined &&
    HEALTH_PATHS.some((path) => asked.path === path || asked.path?.startsWith(`${path}/`))
  )
    return true
  // system:discovery is bound to everybody who is authenticated.
  if (
    asked.path !== undefined &&
    asked.verb === 'get' &&
    user !== ANONYMOUS &&
    /^\/(api|apis|openapi|version)(\/|$)/.test(asked.path)
  )
    return true
  return store
    .list('clusterrolebindings')
    .filter((binding) => records(binding['subjects']).some((subject) => isSubject(subject, user)))
    .flatMap((binding) => {
      const name = isRecord(binding['roleRef']) ? String(binding['roleRef']['name']) : ''
      return records(store.find('clusterroles', name)?.['rules'])
    })
    .some((one) => covers(one, asked))
}

const isSubject = (subject: Record<string, unknown>, user: User): boolean =>
  subject['kind'] === 'Group'
    ? user.groups.includes(String(subject['name']))
    : subject['kind'] === 'User' && subject['name'] === user.name

function covers(one: Record<string, unknown>, asked: Attributes): boolean {
  if (!matches(one['verbs'], asked.verb)) return false
  if (asked.path !== undefined)
    return texts(one['nonResourceURLs']).some((url) =>
      url.endsWith('*') ? asked.path?.startsWith(url.slice(0, -1)) : url === asked.path,
    )
  const names = texts(one['resourceNames'])
  if (names.length > 0 && !names.includes(asked.name ?? '')) return false
  return matches(one['apiGroups'], asked.group) && matches(one['resources'], asked.resource)
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
const matches = (value: unknown, wanted: string): boolean => texts(value).some((one) => one === '*' || one === wanted)
const records = (value: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : []
