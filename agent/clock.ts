import type { AbortSignalLike, Clock } from '#core/base/clock.ts'

/** The fastest a clock may run: what the lab runs at when only the order of things is of interest. */
export const MAX_CLOCK_RATE = 10_000

/**
 * Real time with shorter waits: `now()` is the wall clock, `sleep()` is divided by the rate. In the lab both sides run
 * at the same rate; at a real site it is 1. Network timeouts, deadlines and certificate lifetimes stay real.
 */
export function createClock(rate = 1): Clock {
  return {
    now: () => Date.now(),
    sleep: (ms, signal) => sleepReal(ms / rate, signal),
  }
}

/** Real milliseconds, whatever the rate: for what is spoken with the cloud. */
export const realClock: Clock = { now: () => Date.now(), sleep: sleepReal }

function sleepReal(ms: number, signal?: AbortSignalLike): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
