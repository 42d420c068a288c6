import { z } from '@hono/zod-openapi'
import { HOLD_KINDS, type HoldCode } from '#core/model/hold.ts'
import { OPERATION_KINDS } from '#core/model/operation.ts'

/** What a cluster would do next, and the arithmetic of its hosts. */
const HOLD_CODES = Object.keys(HOLD_KINDS) as [HoldCode, ...HoldCode[]]

const Share = z
  .object({
    physical: z.number(),
    host: z.number(),
    reserved: z.record(z.string(), z.number()).readonly(),
    guests: z.number(),
    placed: z.number(),
    free: z.number(),
  })
  .openapi('Share', { description: 'free = physical − host − reserved − guests − placed' })

export const HostCapacityAnswer = z
  .object({ host: z.string(), online: z.boolean(), cpu: Share, memoryMiB: Share })
  .openapi('HostCapacity')

export const PlanAnswer = z
  .object({
    operations: z.array(z.object({ kind: z.enum(OPERATION_KINDS), subject: z.string() })),
    holds: z.array(z.object({ code: z.enum(HOLD_CODES), subject: z.string(), text: z.string(), unblock: z.string() })),
    findings: z.array(z.object({ code: z.string(), text: z.string() })),
    capacity: z.array(HostCapacityAnswer),
  })
  .openapi('Plan')
