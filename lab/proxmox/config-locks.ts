import { failed } from './failure.ts'
import type { LabTime } from '#lab/time.ts'

/** Waiters on one lock; more would mean that something calls without end. */
const MAX_WAITERS = 100

/** How long callers wait for a VM's configuration lock, in lab milliseconds. Source: observed on 9.2.11. */
export const LOCK_WAIT_MS = 10_000
export const CREATE_LOCK_WAIT_MS = 5_000

/**
 * The file locks `/var/lock/qemu-server/lock-N.conf`: one holder, waiters in order, and a 500 for who waited too long.
 */
export class ConfigLocks {
  readonly #waiting = new Map<number, (() => void)[]>()
  readonly #time: LabTime

  constructor(time: LabTime) {
    this.#time = time
  }

  isHeld(vmid: number): boolean {
    return this.#waiting.has(vmid)
  }

  /** Runs `work` while holding the lock. `onWait` is called when it is not free at once. */
  async with<T>(vmid: number, waitMs: number, work: () => Promise<T> | T, onWait?: () => void): Promise<T> {
    await this.#acquire(vmid, waitMs, onWait)
    try {
      return await work()
    } finally {
      this.#release(vmid)
    }
  }

  async #acquire(vmid: number, waitMs: number, onWait: (() => void) | undefined): Promise<void> {
    const waiters = this.#waiting.get(vmid)
    if (!waiters) {
      this.#waiting.set(vmid, [])
      return
    }
    onWait?.()
    const timeout = failed(`can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`)
    if (waiters.length >= MAX_WAITERS) throw timeout
    const { promise, resolve } = Promise.withResolvers<'granted'>()
    const grant = (): void => resolve('granted')
    waiters.push(grant)
    const late = new AbortController()
    const outcome = await Promise.race([promise, this.#time.pass(waitMs, late.signal).then(() => 'late' as const)])
    late.abort()
    if (outcome === 'granted') return
    const place = waiters.indexOf(grant)
    // Granted in the same moment that the patience ended: then the lock is ours after all.
    if (place < 0) return
    waiters.splice(place, 1)
    throw timeout
  }

  #release(vmid: number): void {
    const next = this.#waiting.get(vmid)?.shift()
    if (next) next()
    else this.#waiting.delete(vmid)
  }
}
