import { z } from 'zod'

/** Sent once the agent has persisted the session epoch; operations are offered only after it. */
export const Ready = z.object({ type: z.literal('ready'), sessionEpoch: z.int().positive() })
export type Ready = z.infer<typeof Ready>
