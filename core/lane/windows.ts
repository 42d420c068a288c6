import { GRANT_DIVISOR } from './limits.ts'

/** The largest window there can be; a credit beyond it is a fault of the peer. */
const MAX_WINDOW = 64 * 1024 * 1024

/** What this side may still send. */
export class SendWindow {
  #available: number

  constructor(start: number) {
    this.#available = start
  }

  get available(): number {
    return this.#available
  }

  spend(byteCount: number): void {
    this.#available -= byteCount
  }

  /** False when more was granted than anyone may hold. */
  grant(byteCount: number): boolean {
    if (byteCount === 0 || this.#available + byteCount > MAX_WINDOW) return false
    this.#available += byteCount
    return true
  }
}

/** What the other side may still send to this one, and what has been drained without being granted again. */
export class ReceiveWindow {
  #size: number
  #open: number
  #drained = 0

  constructor(size: number) {
    this.#size = size
    this.#open = size
  }

  get size(): number {
    return this.#size
  }

  /** False when more came than was granted. */
  take(byteCount: number): boolean {
    if (byteCount > this.#open) return false
    this.#open -= byteCount
    return true
  }

  /** The consumer is done with so many bytes; what to grant now, often nothing. `growth` widens the window by it. */
  drain(byteCount: number, growth = 0): number {
    this.#drained += byteCount
    if (this.#drained < this.#size / GRANT_DIVISOR) return 0
    const grant = this.#drained + growth
    this.#drained = 0
    this.#size += growth
    this.#open += grant
    return grant
  }
}
