import { z } from 'zod'
import { OPERATION_KINDS } from '../model/operation.ts'
import { Uid } from '../model/ids.ts'

/** First message of the agent on a new socket. */
export const Hello = z.object({
  type: z.literal('hello'),
  protocol: z.object({ min: z.int(), max: z.int() }),
  agentVersion: z.string().max(32),
  features: z.array(z.string().max(32)).max(32),
  operations: z.array(z.enum(OPERATION_KINDS).or(z.string().max(64))).max(64),
  siteUid: Uid,
  /** Random id of the journal and how often it was opened: two that interleave are a clone or a rollback. */
  incarnation: z.object({ id: z.string().max(36), counter: z.int().nonnegative() }),
  /** The highest session epoch this journal has confirmed. */
  lastEpoch: z.int().nonnegative(),
  clockMs: z.int(),
})
export type Hello = z.infer<typeof Hello>
