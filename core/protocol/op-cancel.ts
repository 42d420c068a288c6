import { z } from 'zod'
import { OperationId } from '../model/ids.ts'

/** Stop after the current step. The operation may still succeed; its result says which. */
export const OpCancel = z.object({ type: z.literal('op.cancel'), operationId: OperationId })
export type OpCancel = z.infer<typeof OpCancel>
