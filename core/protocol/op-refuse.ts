import { z } from 'zod'
import { OperationId } from '../model/ids.ts'
import { ProblemSchema } from '../model/problem-schema.ts'

/** The operation was not journalled and will not be done. */
export const OpRefuse = z.object({
  type: z.literal('op.refuse'),
  operationId: OperationId,
  attempt: z.int().positive(),
  problem: ProblemSchema,
})
export type OpRefuse = z.infer<typeof OpRefuse>
