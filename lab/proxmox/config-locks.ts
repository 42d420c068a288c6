import { failed } from './failure.ts'
import type { LabTime } from '#lab/time.ts'

/** Waiters on one lock; more would mean that something calls without end. */
const MAX_WAITERS = 100

/** How long callers wait for a VM's configuration lock, in lab milliseconds. Source: observed on 9.2.11. */
export const LOCK_WAIT_MS = 10_000
export const CREATE_LOCK_WAIT_MS = 5_000
export const STORAGE_LOCK_WAIT_MS = 10_000

/** File locks: one holder, waiters in order, and a 500 for who waited too long. */
class FileLocks<Key> {
  readonly #waiting = new Map<Key, (() => void)[]>()
  readonly #time: LabTime
  readonly #timeout: (key: Key) => string

  constructor(time: LabTime, timeout: (key: Key) => string) {
    this.#time = time
    this.#timeout = timeout
  }

  isHeld(key: Key): boolean {
    return this.#waiting.has(key)
  }

  /** Runs `work` while holding the lock. `onWait` is called when it is not free at once. */
  async with<T>(key: Key, waitMs: number, work: () => Promise<T> | T, onWait?: () => void): Promise<T> {
    await this.#acquire(key, waitMs, onWait)
    try {
      return await work()
    } finally {
      this.#release(key)
    }
  }

  async #acquire(key: Key, waitMs: number, onWait: (() => void) | undefined): Promise<void> {
    const waiters = this.#waiting.get(key)
    if (!waiters) {
      this.#waiting.set(key, [])
      return
    }
    onWait?.()
    const timeout = failed(this.#timeout(key))
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

  #release(key: Key): void {
    const next = this.#waiting.get(key)?.shift()
    if (next) next()
    else this.#waiting.delete(key)
  }
}

/** `/var/lock/qemu-server/lock-N.conf`, held while a guest's configuration is changed. */
export class ConfigLocks extends FileLocks<number> {
  constructor(time: LabTime) {
    super(time, (vmid) => `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`)
  }
}

/** Held while a volume is allocated on a store or freed. */
export class StorageLocks extends FileLocks<string> {
  constructor(time: LabTime) {
    super(time, (storage) => `can't lock file '/var/lock/pve-manager/pve-storage-${storage}' - got timeout`)
  }
}
