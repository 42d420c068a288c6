import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'

/** That the relay answers, and what time it has there. */
export interface RelayFacts {
  readonly status: number
  /** How far its clock is ahead of ours, ms; undefined when it does not tell. */
  readonly aheadMs: number | undefined
}

/** The relay answers in a second or not at all. */
const LIMIT_MS = 15_000

/** One GET of the origin, without a token: it reaches no object and writes no row, and any answer will do. */
export async function probeRelay(origin: string, clock: Clock): Promise<Result<RelayFacts, string>> {
  const askedAt = clock.now()
  try {
    const answer = await fetch(origin, { redirect: 'manual', signal: AbortSignal.timeout(LIMIT_MS) })
    await answer.body?.cancel()
    const told = Date.parse(answer.headers.get('date') ?? '')
    // The header has whole seconds, and was written somewhere between question and answer.
    const middle = (askedAt + clock.now()) / 2
    return ok({ status: answer.status, aheadMs: Number.isNaN(told) ? undefined : told + 500 - middle })
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : String(thrown)
    return err(cause)
  }
}
