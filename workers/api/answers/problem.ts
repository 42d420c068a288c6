import { z } from '@hono/zod-openapi'
import { FactsSchema } from '#core/model/problem-schema.ts'
import { PROBLEM_CODES, PROBLEM_KINDS, type ProblemCode } from '#core/model/problem.ts'

/** RFC 9457, as every refusal of the API looks. */
export const ProblemAnswer = z
  .object({
    type: z.url(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(PROBLEM_CODES),
    requestId: z.string(),
    advice: z.string(),
    facts: FactsSchema,
    errors: z
      .array(
        z.object({
          pointer: z.string().openapi({ description: 'JSON Pointer from the beginning of the request body' }),
          path: z.string().openapi({ description: 'dotted, within the document' }),
          code: z.enum(PROBLEM_CODES),
          message: z.string(),
          hint: z.string().optional(),
        }),
      )
      .optional(),
  })
  .openapi('Problem')

interface Described {
  description: string
  content?: { [mediaType: string]: { schema: z.ZodType } }
}
export type Responses = { [status: string]: Described }

const OF_EVERY_ROUTE = ['unauthorized', 'forbidden', 'too-many-requests', 'unavailable'] as const

/** The answers of a route: what it gives when it works, and the problems that are its own. */
export function responses(
  works: { readonly status: 200 | 201 | 202; readonly description: string; readonly schema: z.ZodType },
  problems: readonly ProblemCode[],
): Responses {
  const all: Responses = {
    [works.status]: { description: works.description, content: { 'application/json': { schema: works.schema } } },
  }
  for (const code of new Set([...problems, ...OF_EVERY_ROUTE])) {
    const { status, title } = PROBLEM_KINDS[code]
    const before = all[status]?.description
    all[status] = {
      description: `${before ? `${before} · ` : ''}${code}: ${title}`,
      content: { 'application/problem+json': { schema: ProblemAnswer } },
    }
  }
  return all
}
