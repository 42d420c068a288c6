import { z } from 'zod'

/** Answer to a message whose type or shape is not understood; never fatal. */
export const Unsupported = z.object({
  type: z.literal('unsupported'),
  of: z.string().max(64),
  text: z.string().max(500),
})
export type Unsupported = z.infer<typeof Unsupported>
