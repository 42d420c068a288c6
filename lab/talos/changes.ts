/** Wakes those who wait for something in the lab's world to change. A wake carries no news: whoever wakes looks again. */
export class Changes {
  readonly #listeners = new Set<() => void>()

  /** Tells everybody, each at most once per call. */
  bump(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Calls the listener at every change until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves true once the condition holds, false when the signal aborts first. Never rejects. */
  until(condition: () => boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (held: boolean) => {
        stop()
        signal.removeEventListener('abort', onAbort)
        resolve(held)
      }
      const onAbort = () => finish(false)
      const stop = this.listen(() => {
        if (condition()) finish(true)
      })
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) finish(false)
      else if (condition()) finish(true)
    })
  }
}
