import { z } from 'zod'
import { OperationId } from '../model/ids.ts'
import { OperationResult } from '../model/operation.ts'

/** The outcome; the agent keeps it until `op.ack`. */
export const OpResult = z.object({
  type: z.literal('op.result'),
  operationId: OperationId,
  attempt: z.int().positive(),
  result: OperationResult,
})
export type OpResult = z.infer<typeof OpResult>
