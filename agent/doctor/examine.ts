import type { Clock } from '#core/base/clock.ts'
import { err, type Result } from '#core/base/result.ts'
import { problem, PROBLEM_KINDS, type Problem } from '#core/model/problem.ts'
import type { Check } from './check.ts'
import { shortList, trouble, warning, type Finding } from './finding.ts'

/**
 * Runs checks beside each other and gathers what they found, in the order of the checks. One that fails, throws or hangs
 * hides no other: those that could not look are told once for each reason.
 */
export async function examine<L>(checks: readonly Check<L>[], look: L, clock: Clock): Promise<readonly Finding[]> {
  const outcomes: { readonly name: string; readonly outcome: Result<readonly Finding[], Problem> }[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (;;) {
      const index = next++
      const check = checks[index]
      if (!check) return
      outcomes[index] = { name: check.name, outcome: await settle(check, look, clock) }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  const unseen = new Map<string, { readonly why: Problem; readonly names: string[] }>()
  const findings = outcomes.flatMap(({ name, outcome }) => {
    if (outcome.ok) return outcome.value
    const reason = sayWhy(outcome.error)
    const known = unseen.get(reason) ?? { why: outcome.error, names: [] }
    known.names.push(name)
    unseen.set(reason, known)
    return []
  })
  return [...findings, ...[...unseen].map(([reason, { why, names }]) => sayUnseen(reason, why, names))]
}

/** Each waits mostly for the network; more would only queue behind the connections of one host. */
const CONCURRENCY = 8
/** A check asks at most two questions after one another of each host, and a question has its own, shorter limit. */
const CHECK_LIMIT_MS = 60_000

async function settle<L>(check: Check<L>, look: L, clock: Clock): Promise<Result<readonly Finding[], Problem>> {
  const given = new AbortController()
  const late = clock
    .sleep(CHECK_LIMIT_MS, given.signal)
    .then(() => err(problem('deadline-passed', { what: check.name, limitMs: CHECK_LIMIT_MS })))
  try {
    return await Promise.race([check.run(look), late])
  } catch (thrown) {
    return err(problem('internal', { reason: thrown instanceof Error ? thrown.message : String(thrown) }))
  } finally {
    given.abort()
  }
}

/** Without the call that failed, so that one cause is one reason. */
function sayWhy({ code, facts }: Problem): string {
  const named = ['path', 'privilege', 'reason', 'limitMs'].flatMap((key) => {
    const fact = facts[key]
    return fact === undefined ? [] : [`${key}: ${String(fact)}`]
  })
  return PROBLEM_KINDS[code].title + (named.length > 0 ? ` (${named.join('; ')})` : '')
}

/** The cause of most has a finding of its own; only a mistake of ours is a problem in itself. */
function sayUnseen(reason: string, why: Problem, names: readonly string[]): Finding {
  const text = `not looked at, because: ${reason}`
  if (why.code === 'internal')
    return trouble(
      'check-failed',
      shortList(names),
      text,
      'report this with the output of: lanline-agent doctor --json',
    )
  return warning('not-looked-at', shortList(names), text, 'mend the findings above first, then run the doctor again')
}
