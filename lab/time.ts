import { setTimeout as wait } from 'node:timers/promises'

/** Time in the lab: durations of the simulated world are divided by a rate, and the screen says so. */
export interface LabTime {
  readonly rate: number
  /** Real epoch milliseconds. */
  now(): number
  /** Waits `ms` of lab time, which is `ms / rate` of real time. Ends early, without rejecting, on abort. */
  pass(ms: number, signal?: AbortSignal): Promise<void>
}

export function labTime(rate: number): LabTime {
  return {
    rate,
    now: () => Date.now(),
    async pass(ms, signal) {
      await wait(ms / rate, undefined, signal ? { signal } : {}).catch(() => undefined)
    },
  }
}
