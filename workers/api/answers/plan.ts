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
    adopted: z.number(),
    foreign: z.number(),
    managed: z.number(),
    inFlight: z.number(),
    free: z.number(),
  })
  .openapi('Share', {
    description:
      'free = physical − host − reserved (what of it is not drawn yet) − adopted − foreign − managed − inFlight (placed, not there yet)',
  })

export const HostCapacityAnswer = z
  .object({ host: z.string(), online: z.boolean(), cpu: Share, memoryMiB: Share })
  .openapi('HostCapacity')

export const PlanAnswer = z
  .object({
    operations: z.array(z.object({ kind: z.enum(OPERATION_KINDS), subject: z.string() })),
    holds: z.array(z.object({ code: z.enum(HOLD_CODES), subject: z.string(), text: z.string(), unblock: z.string() })),
    findings: z.array(z.object({ code: z.string(), text: z.string() })),
    capacity: z.array(HostCapacityAnswer),
    placement: z
      .array(
        z.object({
          machine: z.string(),
          host: z.string(),
          hosts: z.array(z.object({ host: z.string(), says: z.string() })),
        }),
      )
      .openapi({ description: 'where each new machine would go, and what every host said to it' }),
  })
  .openapi('Plan')
