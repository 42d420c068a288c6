/**
 * Lines a node writes while it works: the kernel's ring and one log for each service. A log is a ring; who follows it
 * hears new lines until the boot ends, and who asks for the tail gets the last ones first.
 */
export class Journal {
  readonly #logs = new Map<string, Log>()
  readonly #now: () => number
  #ended = false
  constructor(now: () => number) {
    this.#now = now
  }

  /** A line of one service, with the time Talos puts before it. */
  write(id: string, text: string): void {
    this.#open(id).add(`${new Date(this.#now()).toISOString()} ${text}`)
  }

  /** A line of the kernel's ring, as `talosctl dmesg` shows it; machined writes there too. */
  kernel(text: string, facility = 'user', priority = 'warning'): void {
    const at = new Date(this.#now()).toISOString()
    this.#open(KERNEL).add(`${facility}: ${priority.padStart(7)}: [${at}]: ${text}`)
  }

  has(id: string): boolean {
    return this.#logs.has(id) && id !== KERNEL
  }
  ids(): readonly string[] {
    return [...this.#logs.keys()].filter((id) => id !== KERNEL).sort()
  }

  /** The lines of a log, and with `follow` those to come. `tail` < 0 means from the beginning. */
  async *read(id: string, options: { follow: boolean; tail: number; signal: AbortSignal }): AsyncGenerator<string> {
    const log = this.#open(id)
    let next = options.tail < 0 ? log.first : Math.max(log.first, log.end - options.tail)
    for (;;) {
      next = Math.max(next, log.first)
      for (; next < log.end; next += 1) yield `${log.at(next)}\n`
      if (!options.follow || this.#ended || options.signal.aborted) return
      await log.more(options.signal)
    }
  }

  /** The boot is over: nobody hears more. */
  end(): void {
    this.#ended = true
    for (const log of this.#logs.values()) log.wake()
  }

  #open(id: string): Log {
    const known = this.#logs.get(id)
    if (known) return known
    const log = new Log()
    this.#logs.set(id, log)
    return log
  }
}

export const KERNEL = ' kernel'

/** More lines than this push the oldest out, as a ring buffer of about a MiB does. */
const MAX_LINES = 4_096

class Log {
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()
  /** The number of the oldest line still there. */
  first = 0

  get end(): number {
    return this.first + this.#lines.length
  }
  at(number: number): string {
    return this.#lines[number - this.first] ?? ''
  }
  add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > MAX_LINES) {
      this.#lines.shift()
      this.first += 1
    }
    this.wake()
  }
  wake(): void {
    for (const wake of this.#waiting) wake()
  }
  more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
