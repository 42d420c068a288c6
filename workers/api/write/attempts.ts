import { err, type Result } from '#core/base/result.ts'
import type { Refusal } from '../http.ts'
import { lostRace } from './propose.ts'

/** Somebody else wrote between reading and writing; deciding anew a few times is enough for one owner. */
const MAX_ATTEMPTS = 3

/** Runs a read-decide-write turn until it is not `lost`; each turn reads afresh, so a stale precondition shows as itself. */
export async function untilWon<T>(turn: () => Promise<Result<T, Refusal | 'lost'>>): Promise<Result<T, Refusal>> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const outcome = await turn()
    if (outcome.ok) return outcome
    if (outcome.error !== 'lost') return err(outcome.error)
  }
  return err(lostRace())
}
