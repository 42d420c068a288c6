import type { RelayEnv } from './env.ts'
import type { ClusterPort, SitePort } from './ports.ts'

/**
 * The other objects as their ports. The runtime's own RPC types turn `unknown` members into `never`, so the plain port
 * is the truer type: everything that crosses is plain data.
 */
export const clusterObject = (env: Pick<RelayEnv, 'CLUSTER'>, clusterUid: string): ClusterPort =>
  env.CLUSTER.get(env.CLUSTER.idFromName(clusterUid)) as unknown as ClusterPort

export const siteObject = (env: Pick<RelayEnv, 'SITE'>, siteUid: string): SitePort =>
  env.SITE.get(env.SITE.idFromName(siteUid)) as unknown as SitePort
