/**
 * Who may do something of which only so many can be done at a time in one place. Those who wait are served in the order
 * in which they came; one that needs several places gets all of them at once, so that no two wait for each other.
 */
export interface Turns {
  /** Undefined when the wait was aborted. */
  take(places: readonly string[], signal: AbortSignal): Promise<Turn | undefined>
}

export interface Turn {
  end(): void
}

interface Waiter {
  readonly places: readonly string[]
  readonly grant: (turn: Turn) => void
}

/** Nobody but operations waits here, and the runner bounds how many run. */
export function createTurns(limit: number): Turns {
  const taken = new Map<string, number>()
  const waiting: Waiter[] = []
  const countOf = (place: string): number => taken.get(place) ?? 0

  function serve(): void {
    for (let at = 0; at < waiting.length;) {
      const { places, grant } = waiting[at]!
      if (places.some((place) => countOf(place) >= limit)) {
        at++
        continue
      }
      for (const place of places) taken.set(place, countOf(place) + 1)
      waiting.splice(at, 1)
      grant({ end: () => giveBack(places) })
    }
  }

  function giveBack(places: readonly string[]): void {
    for (const place of places) taken.set(place, countOf(place) - 1)
    serve()
  }

  return {
    take(places, signal) {
      if (signal.aborted) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        const leave = (): void => {
          const at = waiting.indexOf(waiter)
          if (at >= 0) waiting.splice(at, 1)
          resolve(undefined)
        }
        const grant = (turn: Turn): void => {
          signal.removeEventListener('abort', leave)
          resolve(turn)
        }
        const waiter: Waiter = { places, grant }
        signal.addEventListener('abort', leave, { once: true })
        waiting.push(waiter)
        serve()
      })
    },
  }
}
