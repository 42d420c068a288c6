import { ACCESS_PROBLEMS } from './problems/access.ts'
import { AGENT_PROBLEMS } from './problems/agent.ts'
import { HYPERVISOR_PROBLEMS } from './problems/hypervisor.ts'
import { NODE_PROBLEMS } from './problems/node.ts'
import { PLACEMENT_PROBLEMS } from './problems/placement.ts'
import { REQUEST_PROBLEMS } from './problems/request.ts'
import type { ProblemKind, RetryClass } from './problems/problem-kind.ts'

/** Plain data that explains a problem; never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

export interface Problem {
  readonly code: ProblemCode
  readonly facts: Facts
  /** `never`: repeating cannot help · `later`: it may pass by itself · `look-again`: unknown outcome, decide from what is seen. */
  readonly retry: RetryClass
  readonly cause?: Problem | undefined
}

/**
 * Everything that is expected to go wrong, as a closed list. A new code does not compile until it has an HTTP status, a
 * retry class and a sentence of advice: what the reader should do next.
 */
const kinds = {
  ...REQUEST_PROBLEMS,
  ...ACCESS_PROBLEMS,
  ...AGENT_PROBLEMS,
  ...PLACEMENT_PROBLEMS,
  ...HYPERVISOR_PROBLEMS,
  ...NODE_PROBLEMS,
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof kinds

export const PROBLEM_KINDS: Readonly<Record<ProblemCode, ProblemKind>> = kinds
export const PROBLEM_CODES = Object.keys(kinds) as [ProblemCode, ...ProblemCode[]]

export function problem(code: ProblemCode, facts: Facts = {}, cause?: Problem): Problem {
  return { code, facts, retry: PROBLEM_KINDS[code].retry, ...(cause ? { cause } : {}) }
}

/** One line for people: the sentence of the code and its facts, outermost first. */
export function sayProblem(found: Problem): string {
  const facts = Object.entries(found.facts).map(
    ([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  )
  const own = PROBLEM_KINDS[found.code].title + (facts.length > 0 ? ` (${facts.join('; ')})` : '')
  return found.cause ? `${own} ← ${sayProblem(found.cause)}` : own
}
