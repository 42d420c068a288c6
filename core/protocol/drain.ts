import { z } from 'zod'

/** The sender is about to close the socket on purpose; the other side reconnects without alarm. */
export const Drain = z.object({ type: z.literal('drain'), reason: z.string().max(200) })
export type Drain = z.infer<typeof Drain>
