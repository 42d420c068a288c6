/** What upstream's generator sets for every API server. Source: Talos stability vectors; facts talos.md §3.1 and §3.2. */
export const POD_SECURITY = {
  apiVersion: 'pod-security.admission.config.k8s.io/v1alpha1',
  defaults: {
    audit: 'restricted',
    'audit-version': 'latest',
    enforce: 'baseline',
    'enforce-version': 'latest',
    warn: 'restricted',
    'warn-version': 'latest',
  },
  exemptions: { namespaces: ['kube-system'], runtimeClasses: [], usernames: [] },
  kind: 'PodSecurityConfiguration',
} as const

export const AUDIT_POLICY = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] } as const

/** Health may be asked without a certificate, everything else may not. */
export const AUTHENTICATION = {
  anonymous: { conditions: [{ path: '/livez' }, { path: '/readyz' }, { path: '/healthz' }], enabled: true },
  jwt: [],
} as const
