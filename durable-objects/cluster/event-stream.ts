import type { ClusterEvent } from '#core/model/event.ts'

/** An open answer keeps the object awake, so it ends soon after there is nothing left to tell, and in any case. */
export const STREAM_AFTER_SETTLED_MS = 30_000
export const STREAM_MAX_MS = 10 * 60_000
/** Clients come back after this long; `id:` lets them continue where they were. */
const RECONNECT_MS = 5_000
/** Unread bytes after which a reader that does not read is let go. */
const MAX_UNREAD_BYTES = 1024 * 1024

const encoder = new TextEncoder()

/** One follower by server-sent events. */
export class EventStream {
  readonly response: Response
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #endTimer: ReturnType<typeof setTimeout> | undefined
  readonly #lastTimer: ReturnType<typeof setTimeout>
  readonly #ended: (stream: EventStream) => void

  constructor(ended: (stream: EventStream) => void) {
    this.#ended = ended
    const body = new ReadableStream<Uint8Array>(
      { start: (controller) => void (this.#controller = controller), cancel: () => this.end() },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }),
    )
    this.response = new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    })
    this.#write(`retry: ${RECONNECT_MS}\n\n`)
    this.#lastTimer = setTimeout(() => this.end(), STREAM_MAX_MS)
  }

  send(event: ClusterEvent): void {
    const id = event.seq === undefined ? '' : `id: ${event.seq}\n`
    this.#write(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  /** Starts, or stops, the countdown to the end. */
  settle(settled: boolean): void {
    if (!settled) {
      clearTimeout(this.#endTimer)
      this.#endTimer = undefined
    } else this.#endTimer ??= setTimeout(() => this.end(), STREAM_AFTER_SETTLED_MS)
  }

  end(): void {
    clearTimeout(this.#endTimer)
    clearTimeout(this.#lastTimer)
    try {
      this.#controller?.close()
    } catch {
      // The reader went first.
    }
    this.#controller = undefined
    this.#ended(this)
  }

  #write(text: string): void {
    if (!this.#controller) return
    if ((this.#controller.desiredSize ?? 0) <= 0) return this.end()
    this.#controller.enqueue(encoder.encode(text))
  }
}
