import { z } from 'zod'
import { OperationId } from '../model/ids.ts'

/** Most operations the agent still remembers at once; each row is about 150 characters, so parts of 200 fit a message. */
export const SNAPSHOT_PART = 200

/** The agent's operation table, in parts: everything it has not been told to forget. */
export const OpsSnapshot = z.object({
  type: z.literal('ops.snapshot'),
  part: z.int().nonnegative(),
  last: z.boolean(),
  operations: z
    .array(
      z.object({
        operationId: OperationId,
        attempt: z.int().positive(),
        state: z.enum(['running', 'finished']),
        step: z.string().max(64).optional(),
      }),
    )
    .max(SNAPSHOT_PART),
})
export type OpsSnapshot = z.infer<typeof OpsSnapshot>
