import { z } from 'zod'
import { PROBLEM_CODES, type Problem } from './problem.ts'

/** A fact is short: long texts are cut by whoever meets them first. */
const MAX_FACT_CHARS = 2_000

export const FactsSchema = z.record(
  z.string().max(64),
  z.union([
    z.string().max(MAX_FACT_CHARS),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(z.string().max(MAX_FACT_CHARS)).max(100),
  ]),
)

/** A problem as it crosses a socket or is read back from a store. */
export const ProblemSchema: z.ZodType<Problem> = z.object({
  code: z.enum(PROBLEM_CODES),
  facts: FactsSchema,
  retry: z.enum(['never', 'later', 'look-again']),
  get cause() {
    return ProblemSchema.optional()
  },
})
