import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { Finding } from './finding.ts'

/**
 * One thing to look at. A check reads facts through its look, which asks each question once and never changes anything,
 * and hands them to a pure judgement in the same file. The problem of a check is why it could not look.
 */
export interface Check<L> {
  /** For people, as in `storages`. */
  readonly name: string
  run(look: L): Promise<Result<readonly Finding[], Problem>>
}
