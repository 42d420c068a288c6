import { z } from 'zod'
import { OperationId } from '../model/ids.ts'

const ids = z.array(OperationId).max(1000)

/** The cloud's answer to a snapshot: what to stop, what to report again, and what may be forgotten. Offers follow as `op.offer`. */
export const OpsDiff = z.object({ type: z.literal('ops.diff'), cancel: ids, resend: ids, forget: ids })
export type OpsDiff = z.infer<typeof OpsDiff>
