import { retryDelayMs } from '../retry.ts'
import { counted } from '../usage.ts'
import type { Conversation } from './conversation.ts'
import type { Courier } from './courier.ts'
import type { Link } from './link.ts'
import { OFFER_TIMEOUT_MS } from './mailbox.ts'
import type { SiteStore } from './site-store.ts'

/**
 * The alarm of a site: there is one only while something is owed to somebody, an offer waits for its answer, work waits
 * for a leader that may be gone, or somebody is about to write a document of the site (S7).
 */
export class SiteAlarm {
  readonly #storage: DurableObjectStorage
  readonly #store: SiteStore
  readonly #link: Link
  readonly #courier: Courier
  readonly #conversation: Conversation

  constructor(
    storage: DurableObjectStorage,
    store: SiteStore,
    link: Link,
    courier: Courier,
    conversation: Conversation,
  ) {
    this.#storage = storage
    this.#store = store
    this.#link = link
    this.#courier = courier
    this.#conversation = conversation
  }

  /** Before something is carried: if this object dies on the way, the alarm carries it. Only ever pulls it earlier. */
  async guard(): Promise<void> {
    const next = this.#next(Date.now())
    if (next !== undefined) await this.by(next)
  }

  /** At that time at the latest. */
  async by(at: number): Promise<void> {
    const armed = await this.#storage.getAlarm()
    if (armed === null || at < armed) await this.set(at)
  }

  /** Afterwards: exactly as early as what is left needs it, or none at all. */
  async settle(): Promise<void> {
    const next = this.#next(Date.now())
    const armed = await this.#storage.getAlarm()
    if (next === undefined) {
      if (armed !== null) await this.#storage.deleteAlarm()
    } else if (next !== armed) await this.set(next)
  }

  async set(at: number): Promise<void> {
    counted('rows', 'site-alarm')
    await this.#storage.setAlarm(at)
  }

  #next(now: number): number | undefined {
    const offers = this.#link.live(this.#store) ? this.#store.mail.in('offered') : []
    const times = offers.map((mail) => (mail.offeredAt ?? now) + OFFER_TIMEOUT_MS)
    const others = [this.#conversation.leadership.lookAt(now), this.#conversation.nextReclaim()]
    times.push(...others.filter((at) => at !== undefined))
    if (this.#courier.owes()) times.push(now + retryDelayMs(this.#store.failures))
    const { promisedAt, failures } = this.#store
    if (promisedAt !== undefined) times.push(Math.max(promisedAt, failures > 0 ? now + retryDelayMs(failures) : 0))
    return times.length === 0 ? undefined : Math.max(now, Math.min(...times))
  }
}
