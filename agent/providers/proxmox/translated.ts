import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { TaskHandle } from '../provider.ts'
import { toProblem } from './errors.ts'
import type { CallFailure } from './http.ts'

/** The answer of a call in the words of the agent. */
export const translated = <T>(answer: Result<T, CallFailure>): Result<T, Problem> =>
  answer.ok ? answer : err(toProblem(answer.error))

/** A call that began something answers its UPID; anything else means that we do not know what it began. */
export function started(answer: Result<string, CallFailure>): Result<TaskHandle, Problem> {
  if (!answer.ok) return err(toProblem(answer.error))
  return answer.value.startsWith('UPID:') ? ok(answer.value) : err(problem('outcome-unknown', { answer: answer.value }))
}
