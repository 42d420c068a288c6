import { isManaged, type Stored } from '#core/model/document.ts'
import type { ClusterPort, SitePort } from '#durable-objects/ports.ts'
import type { ApiBindings } from './env.ts'

/**
 * The objects as their ports. The runtime's own RPC types turn `unknown` members into `never`, so the plain port is the
 * truer type: everything that crosses is plain data.
 */
export const clusterObject = (env: ApiBindings, clusterUid: string): ClusterPort =>
  clusterStub(env, clusterUid) as unknown as ClusterPort

export const siteObject = (env: ApiBindings, siteUid: string): SitePort =>
  env.SITE.get(env.SITE.idFromName(siteUid)) as unknown as SitePort

/** Clusters and managed machines have an object of that kind, which makes them and takes them apart. */
export const hasObject = (stored: Stored): boolean => stored.kind === 'Cluster' || isManaged(stored)

/** For followers of events, who are handed over with their whole request. */
export const clusterStub = (env: ApiBindings, clusterUid: string): DurableObjectStub =>
  env.CLUSTER.get(env.CLUSTER.idFromName(clusterUid))
