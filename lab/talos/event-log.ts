import { toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf'

/** One thing a node said about its work, ready for the wire. */
export interface NodeEvent {
  /** Sorts as the events happened. */
  readonly id: string
  readonly at: number
  readonly actorId: string
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** Which past events a watcher wants first; none of them means only new ones. */
export interface EventTail {
  /** So many of the last ones; negative for all. */
  readonly events?: number
  /** Those after this id. */
  readonly id?: string
  readonly seconds?: number
}

/** Talos keeps about this many. */
const MAX_EVENTS = 1_000

/** The events of one node during one boot. */
export class EventLog {
  readonly #events: NodeEvent[] = []
  readonly #listeners = new Set<{ onEvent: (event: NodeEvent) => void; onEnd: () => void }>()
  readonly #now: () => number
  #count = 0
  constructor(now: () => number) {
    this.#now = now
  }

  emit<D extends DescMessage>(schema: D, message: MessageShape<D>, actorId = ''): void {
    const at = this.#now()
    this.#count += 1
    const event = {
      id: eventId(at, this.#count),
      at,
      actorId,
      typeUrl: `talos/runtime/${schema.typeName}`,
      value: toBinary(schema, message),
    }
    this.#events.push(event)
    if (this.#events.length > MAX_EVENTS) this.#events.shift()
    for (const listener of this.#listeners) listener.onEvent(event)
  }

  past(tail: EventTail): readonly NodeEvent[] {
    const { events = 0, id, seconds = 0 } = tail
    if (id !== undefined) return this.#events.filter((event) => event.id > id)
    if (seconds > 0) return this.#events.filter((event) => event.at >= this.#now() - seconds * 1000)
    return events === 0 ? [] : events < 0 ? [...this.#events] : this.#events.slice(-events)
  }

  watch(onEvent: (event: NodeEvent) => void, onEnd: () => void): () => void {
    const listener = { onEvent, onEnd }
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  end(): void {
    for (const listener of this.#listeners) listener.onEnd()
    this.#listeners.clear()
  }
}

const ID_DIGITS = '0123456789abcdefghijklmnopqrstuv'
/** An xid is 20 digits of base 32: seconds, then what tells events of one second apart. */
const SECONDS_DIGITS = 7
const REST_DIGITS = 13

function eventId(at: number, count: number): string {
  // 32 bits of seconds lie in the first digits with three bits to spare.
  const seconds = inDigits(BigInt(Math.floor(at / 1000)) * 8n, SECONDS_DIGITS)
  // The last digit of an xid carries one bit only; it stays 0.
  return `${seconds}${inDigits(BigInt(count) * 32n, REST_DIGITS)}`
}

function inDigits(value: bigint, width: number): string {
  let text = ''
  for (let rest = value; text.length < width; rest /= 32n) text = (ID_DIGITS[Number(rest % 32n)] ?? '0') + text
  return text
}
