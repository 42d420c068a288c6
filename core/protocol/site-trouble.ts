import { z } from 'zod'

/** Longer than any of our sentences; what is longer is cut by the sender. */
export const MAX_TROUBLE_CHARS = 1_000

/**
 * What the agent's last look at the hypervisor ran into, as people read it; null once a look went well again. Told when it
 * changes, and after `ready` if there is any: a session begins without.
 */
export const SiteTrouble = z.object({
  type: z.literal('site.trouble'),
  text: z.string().max(MAX_TROUBLE_CHARS).nullable(),
})
export type SiteTrouble = z.infer<typeof SiteTrouble>
