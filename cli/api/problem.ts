import { z } from 'zod'
import { FactsSchema } from '#core/model/problem-schema.ts'
import { sayFacts } from '#core/model/say-hold.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Failure } from '../failure.ts'
import type { Style } from '../output/style.ts'
import { printable } from '../output/text.ts'

/** The API's errors, RFC 9457. `code` stays a string: a newer API may know more codes than this CLI. */
export const ApiProblem = z.object({
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  requestId: z.string().optional(),
  advice: z.string().optional(),
  facts: FactsSchema.optional(),
  errors: z
    .array(
      z.object({
        pointer: z.string().optional(),
        path: z.string().optional(),
        code: z.string().optional(),
        message: z.string(),
        hint: z.string().optional(),
      }),
    )
    .optional(),
})
export type ApiProblem = z.infer<typeof ApiProblem>

/** Why a call brought no answer to work with. */
export type ApiError =
  | { readonly kind: 'problem'; readonly problem: ApiProblem }
  /** No answer came. After a write this means that its outcome is unknown. */
  | { readonly kind: 'no-answer'; readonly text: string }
  /** An answer came, but not from an API that speaks our contract. */
  | { readonly kind: 'foreign-answer'; readonly text: string }
  | { readonly kind: 'cancelled' }

const EXIT_BY_CODE: Readonly<Record<string, ExitCode>> = {
  unauthorized: EXIT.login,
  'precondition-required': EXIT.conflict,
  'precondition-failed': EXIT.conflict,
  'being-deleted': EXIT.conflict,
  'operation-not-stuck': EXIT.conflict,
  'still-referenced': EXIT.blocked,
  'deletion-forbidden': EXIT.blocked,
  'confirmation-required': EXIT.blocked,
}

/** The API advises who speaks HTTP; here a person types a command. */
const ADVICE_BY_CODE: Readonly<Record<string, string>> = {
  unauthorized: 'Log in with lanline login, or give a token of this API in LANLINE_TOKEN or the context.',
  'precondition-failed': 'Somebody else changed it meanwhile; look at it and repeat the command.',
  'confirmation-required': 'Repeat with: --confirm NAME.',
}

function exitOf(problem: ApiProblem): ExitCode {
  const known = EXIT_BY_CODE[problem.code]
  if (known !== undefined) return known
  if (problem.status === 401 || problem.status === 403) return EXIT.login
  return [400, 413, 422].includes(problem.status) ? EXIT.usage : EXIT.failed
}

export function toFailure(error: ApiError, style: Style): Failure {
  switch (error.kind) {
    case 'problem':
      return problemFailure(error.problem, style)
    case 'no-answer':
    case 'foreign-answer':
      return { exit: EXIT.failed, lines: [`${style.red('error:')} ${printable(error.text)}`] }
    case 'cancelled':
      return { exit: EXIT.cancelled, lines: ['Cancelled.'] }
  }
}

/** Title, detail, facts, errors, advice, request id: what happened first, what to do last. */
export function problemFailure(problem: ApiProblem, style: Style): Failure {
  const advice = ADVICE_BY_CODE[problem.code] ?? problem.advice
  const facts = problem.facts ? sayFacts(problem.facts) : ''
  const errors = (problem.errors ?? []).map((each) =>
    [each.path ?? each.pointer, each.message, each.hint].filter((part) => part !== undefined && part !== '').join('  '),
  )
  const body = [
    ...(problem.errors === undefined && problem.detail !== undefined && problem.detail !== problem.title
      ? [problem.detail]
      : []),
    ...errors,
    ...(facts === '' ? [] : [facts]),
    ...(advice === undefined ? [] : [advice]),
  ]
  const trace = problem.requestId === undefined ? problem.code : `${problem.code}, request ${problem.requestId}`
  return {
    exit: exitOf(problem),
    lines: [
      `${style.red('error:')} ${printable(problem.title)}`,
      ...body.map((line) => `  ${printable(line)}`),
      style.dim(`  (${printable(trace)})`),
    ],
  }
}
