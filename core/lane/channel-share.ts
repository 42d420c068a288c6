import { CHANNEL_RESERVE, CHANNEL_WINDOW_DOWN, LANE_POOL } from './limits.ts'

/**
 * How much of the lane each channel may have under way. Each has a reserve of its own; beyond it they share a pool, of
 * which one takes at most as much as it leaves. However many stall, what they hold together is bounded by the reserves
 * and the pool, and whoever comes later still has a reserve.
 */
export class ChannelShare {
  readonly #outstanding = new Map<number, number>()
  #pooled = 0

  /** Bytes that the channel may send now. */
  room(channel: number): number {
    const used = this.#outstanding.get(channel) ?? 0
    const pooled = Math.max(0, used - CHANNEL_RESERVE)
    const limit = Math.min(CHANNEL_WINDOW_DOWN, CHANNEL_RESERVE + (LANE_POOL - this.#pooled + pooled) / 2)
    return Math.max(0, Math.floor(limit) - used)
  }

  spend(channel: number, byteCount: number): void {
    this.#set(channel, (this.#outstanding.get(channel) ?? 0) + byteCount)
  }

  /** False when the channel confirms more than it was sent. */
  confirm(channel: number, byteCount: number): boolean {
    const used = this.#outstanding.get(channel) ?? 0
    if (byteCount > used) return false
    this.#set(channel, used - byteCount)
    return true
  }

  forget(channel: number): void {
    this.#set(channel, 0)
    this.#outstanding.delete(channel)
  }

  /** Bytes of all channels that nobody has confirmed yet. */
  total(): number {
    return [...this.#outstanding.values()].reduce((sum, used) => sum + used, 0)
  }

  #set(channel: number, used: number): void {
    const before = Math.max(0, (this.#outstanding.get(channel) ?? 0) - CHANNEL_RESERVE)
    this.#pooled += Math.max(0, used - CHANNEL_RESERVE) - before
    this.#outstanding.set(channel, used)
  }
}
