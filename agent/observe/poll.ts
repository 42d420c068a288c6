import type { Clock } from '#core/base/clock.ts'

/**
 * Looks at one thing again and again. Looks never overlap; `refresh` resolves after a look that began after the call,
 * so whoever changed something and refreshes will see it.
 */
export interface Poll {
  refresh(): Promise<void>
  stop(): void
}

export interface PollDeps {
  readonly clock: Clock
  /** Must not reject; ends early when the signal aborts. */
  readonly look: (signal: AbortSignal) => Promise<void>
  /** Asked before each pause, of the clock's time. */
  readonly everyMs: () => number
}

export function startPoll({ clock, look, everyMs }: PollDeps): Poll {
  const stopped = new AbortController()
  let looking: Promise<void> | undefined
  let next: Promise<void> | undefined

  function refresh(): Promise<void> {
    if (stopped.signal.aborted) return Promise.resolve()
    if (!looking) {
      looking = look(stopped.signal).finally(() => {
        looking = undefined
      })
      return looking
    }
    next ??= looking.then(() => {
      next = undefined
      return refresh()
    })
    return next
  }

  async function repeat(): Promise<void> {
    while (!stopped.signal.aborted) {
      await refresh()
      await clock.sleep(everyMs(), stopped.signal)
    }
  }

  void repeat()
  return { refresh, stop: () => stopped.abort() }
}
