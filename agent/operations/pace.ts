/**
 * When to look next at work that goes on by itself. Work of one kind at one provider takes about as long as the last times,
 * so there is little to see before most of that time is over, and then much: a look costs one call on the LAN, and
 * looking late keeps a whole queue waiting. Work that nothing is known of is looked at less and less often.
 */
export interface Pace {
  /** How long to sleep, after so much waiting, ms of the agent's clock. `totalMs` is what the work itself foretells. */
  nextMs(waitedMs: number, totalMs?: number): number
  /** It ended well after this time. */
  ended(waitedMs: number): void
}

const FIRST_MS = 150
const LONGEST_MS = 2_000
const SLOWER_BY = 1.2
/** Near the foretold end; below that a look takes as long as the pause. */
const SHORTEST_MS = 50
/** Of a time that the work itself foretells: percents are rounded. */
const QUIET_SHARE = 0.9
const STEP_SHARE = 0.04
/** So much later than expected, what was expected says nothing any more. */
const OVERDUE_SHARE = 1.3
/** One odd time among them does not make the next ones look early or late. */
const REMEMBERED = 4

/** It still ran then, and had ended then; ms after its beginning. */
interface Taken {
  readonly ranMs: number
  readonly endedMs: number
}

/** What each provider's work took, by its name in the journal. Goes when the provider goes. */
const taken = new WeakMap<object, Map<string, readonly Taken[]>>()

export function paceOf(provider: object, what: string): Pace {
  const known = taken.get(provider) ?? new Map<string, readonly Taken[]>()
  taken.set(provider, known)
  const usual = shortest(known.get(what) ?? [])
  let slowerMs = FIRST_MS
  let ranMs = 0
  return {
    nextMs(waitedMs, totalMs) {
      ranMs = waitedMs
      const expected = totalMs === undefined ? usual : { ranMs: totalMs * QUIET_SHARE, endedMs: totalMs }
      if (expected) {
        if (expected.ranMs - waitedMs > SHORTEST_MS) return Math.min(LONGEST_MS, expected.ranMs - waitedMs)
        if (waitedMs < expected.endedMs * OVERDUE_SHARE)
          return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, expected.endedMs * STEP_SHARE))
      }
      const nowMs = slowerMs
      slowerMs = Math.min(LONGEST_MS, slowerMs * SLOWER_BY)
      return nowMs
    },
    ended: (endedMs) => void known.set(what, [...(known.get(what) ?? []), { ranMs, endedMs }].slice(-REMEMBERED)),
  }
}

const shortest = (times: readonly Taken[]): Taken | undefined => times.toSorted((a, b) => a.endedMs - b.endedMs)[0]
