import { encodeFrame, creditFrame, MAX_PAYLOAD_BYTES, type FrameType } from '../protocol/frame.ts'
import { resetFrame, type LaneTarget, type Reset } from '../protocol/frame-payloads.ts'
import { STREAM_WINDOW_FULL, STREAM_WINDOW_START } from './limits.ts'
import { ReceiveWindow, SendWindow } from './windows.ts'

/** What a stream tells whoever uses it; each at most as often as it says, and nothing after `ended` or `gone`. */
export interface StreamListener {
  /** The target has answered: once, only to the side that opened. */
  opened?(): void
  /** Bytes of the other side; the listener says `consumed` once it is done with them. */
  data(bytes: Uint8Array): void
  /** The other side sends no more. This side may go on. */
  end(): void
  /** Everything written has left; more may be written. */
  writable(): void
  /** The stream was cut. Nothing follows. */
  gone(reset: Reset): void
}

/** What a stream needs of its lane. */
export interface StreamLane {
  send(frame: Uint8Array): void
  /** Bytes its channel, and the local socket, take now. */
  room(channel: number): number
  spent(channel: number, byteCount: number): void
  /** The stream has bytes to send and no room; it is asked to `flush` again. */
  blocked(stream: LaneStream): void
  over(stream: LaneStream): void
  /** Whether windows may still grow by so much. */
  grow(byteCount: number): boolean
}

/** One connection in a lane: two half-closable directions of bytes, each sent only as far as it was granted. */
export class LaneStream {
  readonly channel: number
  readonly id: number
  readonly target: LaneTarget
  readonly #lane: StreamLane
  #listener: StreamListener | undefined
  #queue: Uint8Array[] = []
  #send = new SendWindow(STREAM_WINDOW_START)
  #receive = new ReceiveWindow(STREAM_WINDOW_START)
  #grown = 0
  #ending = false
  #endSent = false
  #endHeard = false
  #over = false

  constructor(lane: StreamLane, channel: number, id: number, target: LaneTarget) {
    this.#lane = lane
    this.channel = channel
    this.id = id
    this.target = target
  }

  /** Set at once by whoever gets the stream: what comes before would be lost. */
  listen(listener: StreamListener): void {
    this.#listener = listener
  }

  get over(): boolean {
    return this.#over
  }

  get grown(): number {
    return this.#grown
  }

  /** The target has answered; said by the side that was asked. */
  confirm(): void {
    if (!this.#over) this.#lane.send(encodeFrame('opened', this.channel, this.id))
  }

  /** False when not all of it could leave: write no more until `writable`. The bytes are kept, not copied. */
  write(bytes: Uint8Array): boolean {
    if (this.#over || this.#ending) return true
    if (bytes.byteLength > 0) this.#queue.push(bytes)
    return this.flush()
  }

  /** Sends no more after what was written. */
  end(): void {
    if (this.#over || this.#ending) return
    this.#ending = true
    this.flush()
  }

  reset(reset: Reset): void {
    if (this.#over) return
    this.#lane.send(resetFrame(this.channel, this.id, reset))
    this.#finish()
  }

  /** The listener is done with so many bytes of `data`. */
  consumed(byteCount: number): void {
    if (this.#over || this.#endHeard) return
    const wanted = Math.min(this.#receive.size, STREAM_WINDOW_FULL - this.#receive.size)
    const growth = wanted > 0 && this.#lane.grow(wanted) ? wanted : 0
    const before = this.#receive.size
    const grant = this.#receive.drain(byteCount, growth)
    const used = this.#receive.size - before
    this.#grown += used
    if (growth > used) this.#lane.grow(used - growth)
    if (grant > 0) this.#lane.send(creditFrame(this.channel, this.id, grant))
  }

  /** Sends what may be sent, one piece at a time when others wait too. True when nothing is left. */
  flush(pieces = Infinity): boolean {
    let left = pieces
    while (this.#queue.length > 0 && left > 0) {
      const [first] = this.#queue
      const room = Math.min(this.#send.available, this.#lane.room(this.channel), MAX_PAYLOAD_BYTES)
      if (first === undefined || room <= 0) break
      const piece = first.byteLength <= room ? first : first.subarray(0, room)
      if (piece === first) this.#queue.shift()
      else this.#queue[0] = first.subarray(room)
      this.#send.spend(piece.byteLength)
      this.#lane.spent(this.channel, piece.byteLength)
      this.#lane.send(encodeFrame('data', this.channel, this.id, piece))
      left -= 1
    }
    if (this.#queue.length > 0) {
      if (this.#send.available > 0) this.#lane.blocked(this)
      return false
    }
    if (this.#ending && !this.#endSent) {
      this.#endSent = true
      this.#lane.send(encodeFrame('end', this.channel, this.id))
      if (this.#endHeard) this.#finish()
    }
    return true
  }

  /** `flush` on behalf of the lane, which tells the writer when all has left. */
  resume(pieces: number): void {
    if (!this.#over && this.#queue.length > 0 && this.flush(pieces) && !this.#ending) this.#listener?.writable()
  }

  /** A frame of the other side. False when it breaks the rules; the lane then resets the stream. */
  take(type: FrameType, payload: Uint8Array, credit: number): boolean {
    if (this.#over) return true
    switch (type) {
      case 'opened':
        this.#listener?.opened?.()
        return true
      case 'data':
        if (this.#endHeard || !this.#receive.take(payload.byteLength)) return false
        this.#listener?.data(payload)
        return true
      case 'end':
        if (this.#endHeard) return false
        this.#endHeard = true
        this.#listener?.end()
        if (this.#endSent) this.#finish()
        return true
      case 'credit':
        if (!this.#send.grant(credit)) return false
        this.resume(Infinity)
        return true
      default:
        return false
    }
  }

  /** The other side, or the lane, has cut the stream. */
  cut(reset: Reset): void {
    if (this.#over) return
    this.#finish()
    this.#listener?.gone(reset)
  }

  #finish(): void {
    this.#over = true
    this.#queue = []
    this.#lane.over(this)
  }
}
