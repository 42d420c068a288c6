import type { ProxmoxHost } from '#lab/proxmox/host.ts'
import type { VirtualTime } from './virtual-time.ts'

/** A moment of real time in which an idle server would have answered. */
const MOMENT_MS = 2
const QUIET_MOMENTS = 3
const WAY_MOMENTS = 500
const MOMENTS = 20

/** Moves the lab's time while calls are on their way, however busy the machine is with other things. */
export class Pace {
  readonly #time: VirtualTime
  readonly #host: ProxmoxHost
  /** Calls that were sent and have no answer here yet. */
  open = 0

  constructor(time: VirtualTime, host: ProxmoxHost) {
    this.#time = time
    this.#host = host
  }

  /** What fires may begin another wait, which counts from then and not from the end of this one. */
  async goOn(ms: number): Promise<void> {
    const until = this.#time.now() + ms
    while (this.#time.step(until)) await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  }

  /** Moves time until the answer is there, or until a time at which the next call is to be sent. */
  async settle<T>(answer: Promise<T>, untilMs = Number.POSITIVE_INFINITY): Promise<T> {
    let settled = false
    const done = answer.finally(() => (settled = true))
    done.catch(() => undefined)
    const time = this.#time
    let [begun, quiet, idle] = [time.begun, 0, 0]
    while (idle < MOMENTS) {
      await Promise.race([done, time.activity(MOMENT_MS)])
      if (settled) return answer
      // On a busy machine a call or its answer may still be on its way; nobody waits for lab time then.
      const { received, answered } = this.#host.calls
      const onTheWay = this.open > received - answered
      if (onTheWay ? quiet < WAY_MOMENTS : time.begun === begun && quiet < QUIET_MOMENTS) {
        quiet += 1
        continue
      }
      ;[begun, quiet] = [time.begun, 0]
      if (time.step(untilMs)) idle = 0
      else if (Number.isFinite(untilMs)) return undefined as T
      else idle += 1
    }
    throw new Error('no answer, and nothing to wait for')
  }
}
