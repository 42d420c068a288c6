import type { RelayEnv } from '#durable-objects/env.ts'
import { relay } from './door.ts'

export { ClusterObject } from '#durable-objects/cluster/cluster-object.ts'
export { LaneObject } from '#durable-objects/lane/lane-object.ts'
export { SiteObject } from '#durable-objects/site/site-object.ts'

export default { fetch: relay } satisfies ExportedHandler<RelayEnv>
