import type { LabTime } from '#lab/time.ts'

/**
 * Lab time that stands still until a test moves it, so that a recording can be replayed with its own timing whatever
 * the machine is busy with.
 */
export class VirtualTime implements LabTime {
  readonly rate = 1
  #nowMs: number
  #timers: { readonly at: number; readonly order: number; readonly fire: () => void }[] = []
  #order = 0
  #listeners = new Set<() => void>()

  /** How many waits were begun until now. */
  get begun(): number {
    return this.#order
  }

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  pass(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = { at: this.#nowMs + ms, order: (this.#order += 1), fire: resolve }
      this.#timers.push(timer)
      signal?.addEventListener(
        'abort',
        () => {
          this.#timers = this.#timers.filter((each) => each !== timer)
          resolve()
        },
        { once: true },
      )
      for (const listener of this.#listeners) listener()
    })
  }

  /** Moves on to the next thing that is due, at most to `untilMs`; false when nothing was due by then. */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    const next = this.#timers.toSorted((a, b) => a.at - b.at || a.order - b.order)[0]
    if (!next || next.at > untilMs) {
      if (Number.isFinite(untilMs)) this.#nowMs = Math.max(this.#nowMs, untilMs)
      return false
    }
    this.#nowMs = Math.max(this.#nowMs, next.at)
    this.#timers = this.#timers.filter((each) => each !== next)
    next.fire()
    return true
  }

  /** Resolves when somebody begins to wait, or after a moment of real time in which nobody did. */
  async activity(momentMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#listeners.delete(done)
        // Whoever began to wait may be about to go on with something else that takes no time.
        setImmediate(() => setImmediate(resolve))
      }
      const timer = setTimeout(done, momentMs)
      this.#listeners.add(done)
    })
  }
}
