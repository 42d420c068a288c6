import type { Role } from '../access/role.ts'

/**
 * The rights that a cluster is born with. Nobody is handed `system:masters`, which no binding can take away again: the
 * groups below are bound by a manifest, and deleting a binding ends what its group may do.
 */

/** The group in Kubernetes that a person of this role is put into. */
export const GROUP_OF: Readonly<Record<Role, string>> = {
  reader: 'lanline:reader',
  operator: 'lanline:operator',
  admin: 'lanline:admin',
}
export const ADMIN_GROUP = GROUP_OF.admin

/** The role in Talos. Source: Talos documentation, role-based access control; facts talos.md §4.2. */
export const TALOS_ROLE_OF = {
  reader: 'os:reader',
  operator: 'os:operator',
  admin: 'os:admin',
} as const satisfies Readonly<Record<Role, string>>

/** What `view` leaves out because it belongs to no namespace: enough to look, and no secret is among it. */
const READER_RULES = `  - apiGroups: ['']
    resources: [nodes, namespaces, persistentvolumes]
    verbs: [get, list, watch]
  - apiGroups: [storage.k8s.io]
    resources: [storageclasses, csinodes]
    verbs: [get, list, watch]
  - apiGroups: [metrics.k8s.io]
    resources: [nodes, pods]
    verbs: [get, list, watch]
`

/** What taking a node out of service and back needs; `edit` has the rest, within namespaces. */
const OPERATOR_RULES = `${READER_RULES}  - apiGroups: ['']
    resources: [nodes]
    verbs: [patch]
  - apiGroups: ['']
    resources: [pods/eviction]
    verbs: [create]
`

/** For `cluster.inlineManifests` of every control plane; Talos applies it when Kubernetes comes up. */
export const ACCESS_MANIFEST = {
  name: 'lanline-access',
  contents: [
    binding('lanline-admin', 'cluster-admin', GROUP_OF.admin),
    binding('lanline-operator', 'edit', GROUP_OF.operator),
    role('lanline-operator-nodes', OPERATOR_RULES),
    binding('lanline-operator-nodes', 'lanline-operator-nodes', GROUP_OF.operator),
    binding('lanline-reader', 'view', GROUP_OF.reader),
    role('lanline-reader-nodes', READER_RULES),
    binding('lanline-reader-nodes', 'lanline-reader-nodes', GROUP_OF.reader),
  ].join('---\n'),
} as const

function role(name: string, rules: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ${name}
rules:
${rules}`
}

function binding(name: string, roleName: string, group: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ${name}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: ${roleName}
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: ${group}
`
}
