import { z } from 'zod'
import { OperationId } from '../model/ids.ts'

/** The outcome is durable in the cloud; the agent may forget it. */
export const OpAck = z.object({ type: z.literal('op.ack'), operationId: OperationId, attempt: z.int().positive() })
export type OpAck = z.infer<typeof OpAck>
