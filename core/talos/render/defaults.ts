/** What upstream's generator sets when nobody says otherwise. Source: facts talos.md §1 and §3. */

/** Both are private networks that few homes use. */
export const POD_SUBNETS = ['10.244.0.0/16'] as const
export const SERVICE_SUBNETS = ['10.96.0.0/12'] as const
export const DNS_DOMAIN = 'cluster.local'
/** Where KubePrism listens on every machine. */
export const KUBE_PRISM_PORT = 7445
/** Flannel's own port for VXLAN. */
export const VXLAN_PORT = 4789
export const DISCOVERY_SERVICE = 'https://discovery.talos.dev/'
/** A week. */
export const TRIM_INTERVAL = '168h0m0s'
