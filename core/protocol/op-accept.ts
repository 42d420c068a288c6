import { z } from 'zod'
import { OperationId } from '../model/ids.ts'

/** The operation is in the journal; from here on the agent owns its outcome. */
export const OpAccept = z.object({
  type: z.literal('op.accept'),
  operationId: OperationId,
  attempt: z.int().positive(),
})
export type OpAccept = z.infer<typeof OpAccept>
