import { z } from 'zod'
import { PROBLEM_CODES, type Problem, type ProblemCode } from './problem.ts'

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

/** A newer peer may know more codes than we do: its problem is still a problem, so its outcome must not be lost. */
const KnownCode = z
  .string()
  .max(64)
  .transform((code): ProblemCode => (isKnown(code) ? code : 'internal'))

const isKnown = (code: string): code is ProblemCode => PROBLEM_CODES.includes(code as ProblemCode)

/** A problem as it crosses a socket or is read back from a store. */
export const ProblemSchema: z.ZodType<Problem> = z.object({
  code: KnownCode,
  facts: FactsSchema,
  retry: z.enum(['never', 'later', 'look-again']),
  get cause() {
    return ProblemSchema.optional()
  },
})
