/** Time as it is passed in: epoch milliseconds, and waits that end early when the signal is aborted. */
export interface Clock {
  now(): number
  /** Resolves after `ms` of this clock's time, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignalLike): Promise<void>
}

/** The part of AbortSignal that a clock needs, so that core stays free of DOM and Node types. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
