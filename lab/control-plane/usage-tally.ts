/** Adds up the `usage.counted` events in the log of the Workers: what the same work would be billed for. */
export class UsageTally {
  readonly #counts = new Map<string, number>()

  /** A log line; wrangler puts the name of the Worker before it. */
  read(line: string): void {
    const start = line.indexOf('{"event":"usage.counted"')
    if (start < 0) return
    try {
      const { what, n = 1 } = JSON.parse(line.slice(start)) as { what: string; n?: number }
      this.#counts.set(what, (this.#counts.get(what) ?? 0) + n)
    } catch {
      // A line that was cut is not a count.
    }
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  reset(): void {
    this.#counts.clear()
  }
}
