import type { RelayEnv } from './env.ts'
import type { ClusterPort, LanePort, SitePort } from './ports.ts'

/**
 * The other objects as their ports. The runtime's own RPC types turn `unknown` members into `never`, so the plain port
 * is the truer type: everything that crosses is plain data.
 */
export const clusterObject = (env: Pick<RelayEnv, 'CLUSTER'>, clusterUid: string): ClusterPort =>
  env.CLUSTER.get(env.CLUSTER.idFromName(clusterUid)) as unknown as ClusterPort

export const siteObject = (env: Pick<RelayEnv, 'SITE'>, siteUid: string): SitePort =>
  env.SITE.get(env.SITE.idFromName(siteUid)) as unknown as SitePort

export const laneObject = (env: Pick<RelayEnv, 'LANE'>, siteUid: string): LanePort =>
  env.LANE.get(env.LANE.idFromName(siteUid)) as unknown as LanePort
