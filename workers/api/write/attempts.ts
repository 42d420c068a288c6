import { err, type Result } from '#core/base/result.ts'
import type { Refusal } from '../http.ts'
import { lostRace } from './propose.ts'

/**
 * Of all who write the same scope at once, one wins each round: so many may write at once before one of them hears
 * `unavailable`. A round is at most three of the 50 subrequests a request has on the free plan.
 */
const MAX_ATTEMPTS = 8
/** Longer than one read-decide-write turn, so that losers that were in step fall out of it. */
const FIRST_PAUSE_MS = 20

/** What a loser needs to step aside; the edge's own clock and chance unless a test brings others. */
export interface Pauses {
  readonly random: () => number
  readonly pause: (ms: number) => Promise<void>
}

const edge: Pauses = {
  random: () => Math.random(),
  pause: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Runs a read-decide-write turn until it is not `lost`; each turn reads afresh, so a stale precondition shows as itself. */
export async function untilWon<T>(
  turn: () => Promise<Result<T, Refusal | 'lost'>>,
  { random, pause }: Pauses = edge,
): Promise<Result<T, Refusal>> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await turn()
    if (outcome.ok) return outcome
    if (outcome.error !== 'lost') return err(outcome.error)
    if (attempt === MAX_ATTEMPTS) return err(lostRace())
    await pause(random() * FIRST_PAUSE_MS * attempt)
  }
}
