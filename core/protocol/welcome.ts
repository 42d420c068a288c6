import { z } from 'zod'

/** The cloud accepts the session; the agent persists the epoch and answers `ready`. */
export const Welcome = z.object({
  type: z.literal('welcome'),
  protocol: z.int(),
  /** Grows with each accepted hello; it is the lease. */
  sessionEpoch: z.int().positive(),
  serverTimeMs: z.int(),
})
export type Welcome = z.infer<typeof Welcome>
