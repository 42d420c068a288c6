import { CHANNEL_RESERVE, CHANNEL_WINDOW_DOWN, CHANNEL_WINDOW_UP, LANE_POOL, MAX_CHANNELS } from '#core/lane/limits.ts'

/**
 * Bytes that were forwarded and that the receiving end has not confirmed: they may lie in this object's memory. Both
 * ends keep their windows; here it is only checked that they do, because a socket of an object queues without limit.
 *
 * In memory only: a lane that slept has nothing under way. Confirmations of what was forwarded before count as zero.
 */
export type Direction = 'up' | 'down'

/** A frame more than the windows: the sender's count and this one are not read at the same moment. */
const SLACK = 128 * 1024
const MOST: Readonly<Record<Direction, number>> = {
  up: CHANNEL_WINDOW_UP + SLACK,
  down: CHANNEL_WINDOW_DOWN + SLACK,
}
/** Of all channels together. Upwards one agent stands behind all of them, and it reads all or none. */
const MOST_TOGETHER: Readonly<Record<Direction, number>> = {
  up: 32 * 1024 * 1024,
  down: MAX_CHANNELS * CHANNEL_RESERVE + LANE_POOL + SLACK,
}

export class UnderWay {
  readonly #bytes: Record<Direction, Map<number, number>> = { up: new Map(), down: new Map() }
  readonly #total: Record<Direction, number> = { up: 0, down: 0 }

  /** False when more is under way than was granted. */
  forwarded(direction: Direction, channel: number, byteCount: number): boolean {
    const now = (this.#bytes[direction].get(channel) ?? 0) + byteCount
    this.#bytes[direction].set(channel, now)
    this.#total[direction] += byteCount
    return now <= MOST[direction] && this.#total[direction] <= MOST_TOGETHER[direction]
  }

  confirmed(direction: Direction, channel: number, byteCount: number): void {
    const before = this.#bytes[direction].get(channel) ?? 0
    const less = Math.min(before, byteCount)
    this.#bytes[direction].set(channel, before - less)
    this.#total[direction] -= less
  }

  forget(channel: number): void {
    for (const direction of ['up', 'down'] as const) {
      this.confirmed(direction, channel, Infinity)
      this.#bytes[direction].delete(channel)
    }
  }
}
