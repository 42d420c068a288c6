import { z } from 'zod'
import { OperationId } from '../model/ids.ts'

/** Where a running operation is. Last value only; at most one in 2 s per operation. */
export const PROGRESS_EVERY_MS = 2_000

export const OpProgress = z.object({
  type: z.literal('op.progress'),
  operationId: OperationId,
  attempt: z.int().positive(),
  seq: z.int().nonnegative(),
  step: z.string().max(64),
  percent: z.int().min(0).max(100).optional(),
})
export type OpProgress = z.infer<typeof OpProgress>
