import { Duplex } from 'node:stream'
import type { LaneStream } from '#core/lane/lane-stream.ts'
import type { Reset } from '#core/protocol/frame-payloads.ts'

/** A stream of the lane was cut by the other side, with its reason. */
export class LaneReset extends Error {
  override readonly name = 'LaneReset'
  readonly reset: Reset

  constructor(reset: Reset) {
    super(`${reset.code}: ${reset.text}`)
    this.reset = reset
  }
}

/**
 * A stream of the lane as Node knows streams: whoever pipes it gets back-pressure in both directions, because credit is
 * granted only when what came has been read on.
 */
export class LaneDuplex extends Duplex {
  readonly #stream: LaneStream
  #unread = 0
  /** All that the other side had to say is here, read or not. */
  #complete = false
  #written: ((error?: Error) => void) | undefined

  constructor(stream: LaneStream, onOpened?: () => void) {
    super({ allowHalfOpen: true })
    this.#stream = stream
    stream.listen({
      opened: () => onOpened?.(),
      data: (bytes) => {
        this.#unread += bytes.byteLength
        this.push(bytes)
      },
      end: () => {
        this.#complete = true
        this.push(null)
      },
      writable: () => this.#takeWritten()?.(),
      gone: (reset) => this.#gone(reset),
    })
  }

  override _read(): void {
    const consumed = this.#unread
    this.#unread = 0
    if (consumed > 0) this.#stream.consumed(consumed)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream.write(chunk)) done()
    else this.#written = done
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stream.reset({ code: 'cancelled', text: '' })
    this.#takeWritten()?.(error ?? undefined)
    done(error)
  }

  /** Whoever closes for good after its last word has still said it: it is read to its end first. */
  #gone(reset: Reset): void {
    if (!this.#complete || this.readableEnded) this.destroy(new LaneReset(reset))
    else this.once('end', () => this.destroy())
  }

  #takeWritten(): ((error?: Error) => void) | undefined {
    const written = this.#written
    this.#written = undefined
    return written
  }
}
