import { z } from 'zod'

/**
 * Another agent leads the site: this one keeps its socket and waits. A `welcome` may follow at any time. Sent only to
 * agents that named the feature.
 */
export const Standby = z.object({ type: z.literal('standby'), leaderAgentId: z.string().max(64) })
export type Standby = z.infer<typeof Standby>
