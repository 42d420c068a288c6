/** What goes wrong with a call that matches. `workHappens`: the host does what was asked, only the answer is bad. */
export type FaultEffect =
  | { readonly kind: 'answer'; readonly status: number; readonly reason: string; readonly workHappens?: boolean }
  | { readonly kind: 'connection-lost'; readonly workHappens: boolean }
  /** The worker behind the answered UPID is killed after so many lab milliseconds, leaving what it had done. */
  | { readonly kind: 'task-dies'; readonly afterMs: number }

export interface Fault {
  readonly method: string
  /** Matched against the path below `/api2/json`. */
  readonly path: RegExp
  readonly effect: FaultEffect
  /** How many calls it hits; 1 when not given. */
  readonly times?: number
}

/** The relay between nodes gave up waiting; the work may go on. */
export const RELAY_TIMEOUT = { status: 596, reason: 'Broken pipe' } as const

/** Faults that wait for their call, oldest first; and the weather, for all the others. */
export class Faults {
  #weather: (method: string) => FaultEffect | undefined = () => undefined
  readonly #waiting: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting.length = 0
    this.#weather = () => undefined
  }

  /** What becomes of calls for which nothing is waiting. */
  let(weather: (method: string) => FaultEffect | undefined): void {
    this.#weather = weather
  }

  /** The effect for this call, used up by asking. */
  take(method: string, path: string): FaultEffect | undefined {
    const found = this.#waiting.find(({ fault }) => fault.method === method && fault.path.test(path))
    if (!found) return path === '/version' ? undefined : this.#weather(method)
    found.left -= 1
    if (found.left <= 0) this.#waiting.splice(this.#waiting.indexOf(found), 1)
    return found.fault.effect
  }
}
