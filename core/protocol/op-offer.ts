import { z } from 'zod'
import { OPERATION_KINDS } from '../model/operation.ts'
import { OperationId, Uid } from '../model/ids.ts'

/** One operation for the agent. An offer that is already in the journal never restarts work. */
export const OpOffer = z.object({
  type: z.literal('op.offer'),
  operationId: OperationId,
  kind: z.enum(OPERATION_KINDS),
  clusterUid: Uid,
  /** Grows when the cluster's wishes change; the agent refuses anything older than it has seen. */
  clusterFence: z.int().nonnegative(),
  sessionEpoch: z.int().positive(),
  attempt: z.int().positive(),
  deadlineMs: z.int().positive(),
  /** Checked against the schema of its kind before it is journalled. */
  input: z.record(z.string(), z.unknown()),
})
export type OpOffer = z.infer<typeof OpOffer>
