import { z } from 'zod'

/** The cloud refuses the session; without `retryAfterMs` the agent needs a person. */
export const Reject = z.object({
  type: z.literal('reject'),
  code: z.enum(['upgrade-required', 'wrong-site', 'rolled-back', 'cloned', 'slow-down']),
  text: z.string().max(500),
  retryAfterMs: z.int().positive().optional(),
})
export type Reject = z.infer<typeof Reject>
