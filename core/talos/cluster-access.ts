/**
 * The rights that a cluster is born with. Nobody is handed `system:masters`, which no binding can take away again: the
 * group below is bound by a manifest, and deleting that binding ends what the group may do.
 */
export const ADMIN_GROUP = 'lanline:admin'

/** For `cluster.inlineManifests` of every control plane; Talos applies it when Kubernetes comes up. */
export const ACCESS_MANIFEST = {
  name: 'lanline-access',
  contents: `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: lanline-admin
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: ${ADMIN_GROUP}
`,
} as const
