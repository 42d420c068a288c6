import { creditFrame, decodeFrame, readCredit, type Frame, type FrameFault } from '../protocol/frame.ts'
import {
  channelClosedFrame,
  openFrame,
  readChannelPass,
  readOpen,
  readReset,
  resetFrame,
  type ChannelPass,
  type LaneTarget,
  type Reset,
} from '../protocol/frame-payloads.ts'
import { ChannelShare } from './channel-share.ts'
import {
  CHANNEL_GRANT,
  CHANNEL_WINDOW_UP,
  GROWN_BUDGET,
  MAX_CHANNELS,
  MAX_LOCAL_QUEUE,
  MAX_STREAMS,
  MAX_STREAMS_PER_CHANNEL,
} from './limits.ts'
import { LaneStream, type StreamLane } from './lane-stream.ts'

/**
 * One end of a data lane: takes the frames of its socket apart into streams, and puts what the streams send together
 * again, fairly and never beyond what was granted (rules L1–L4). The same for agent and client; only the agent is asked to
 * open, and only it has many channels.
 *
 * Pure but for what it is given: no socket, no clock.
 */
export interface LaneEndDeps {
  readonly send: (frame: Uint8Array) => void
  /** Bytes handed to the socket that have not left it. */
  readonly queuedBytes: () => number
  readonly side: 'client' | 'agent'
  /** A client asks for a stream. The taker listens at once, then confirms or resets. */
  readonly accept?: (stream: LaneStream, pass: ChannelPass) => void
  readonly channelClosed?: (channel: number) => void
}

interface Channel {
  readonly pass: ChannelPass
  readonly streams: Map<number, LaneStream>
  lastStream: number
  /** Arrived and not yet confirmed. */
  arrived: number
}

const CLIENT_PASS: ChannelPass = { subject: '', role: 'reader', clusters: [], source: '' }
/** What the client calls its own channel; the lane writes the true number over it. */
const OWN = 0

export class LaneEnd implements StreamLane {
  readonly #deps: LaneEndDeps
  readonly #channels = new Map<number, Channel>()
  readonly #share = new ChannelShare()
  readonly #blocked = new Set<LaneStream>()
  #streamCount = 0
  #grown = 0
  #over = false

  constructor(deps: LaneEndDeps) {
    this.#deps = deps
    if (deps.side === 'client') this.#channels.set(OWN, newChannel(CLIENT_PASS))
  }

  get streamCount(): number {
    return this.#streamCount
  }

  get channelCount(): number {
    return this.#channels.size
  }

  /** Opens a stream to a target. Undefined when there are too many, or the lane is over. */
  open(target: LaneTarget): LaneStream | undefined {
    const channel = this.#channels.get(OWN)
    if (this.#over || !channel || channel.streams.size >= MAX_STREAMS_PER_CHANNEL) return undefined
    const stream = this.#add(OWN, channel, channel.lastStream + 1, target)
    this.send(openFrame(OWN, stream.id, target))
    return stream
  }

  /** A frame of the socket. A fault means that the peer speaks something else: close the socket. */
  frame(bytes: Uint8Array): FrameFault | undefined {
    const frame = decodeFrame(bytes)
    if (!frame.ok) return frame.error
    if (!this.#over) this.#take(this.#deps.side === 'client' ? { ...frame.value, channel: OWN } : frame.value)
    return undefined
  }

  /** The local socket has sent what it had: streams take turns again. */
  drained(): void {
    this.#turns()
  }

  /** The socket is gone, and all streams with it. */
  closed(reset: Reset): void {
    this.#over = true
    for (const channel of this.#channels.keys()) this.#drop(channel, reset)
  }

  /** Cuts one channel, as when it lets its streams stand for too long. */
  closeChannel(channel: number, reset: Reset): void {
    if (!this.#channels.has(channel)) return
    this.send(channelClosedFrame(channel, reset))
    this.#drop(channel, reset)
  }

  /** Channels that have been sent something and have not confirmed it. */
  unconfirmed(): readonly number[] {
    return [...this.#channels.keys()].filter((channel) => this.#share.room(channel) === 0)
  }

  send(frame: Uint8Array): void {
    if (!this.#over) this.#deps.send(frame)
  }

  room(channel: number): number {
    if (this.#deps.queuedBytes() >= MAX_LOCAL_QUEUE) return 0
    const room = this.#share.room(channel)
    return this.#deps.side === 'agent' ? room : Math.max(0, CHANNEL_WINDOW_UP - this.#share.total())
  }

  spent(channel: number, byteCount: number): void {
    this.#share.spend(channel, byteCount)
  }

  blocked(stream: LaneStream): void {
    this.#blocked.add(stream)
  }

  over(stream: LaneStream): void {
    if (!this.#channels.get(stream.channel)?.streams.delete(stream.id)) return
    this.#blocked.delete(stream)
    this.#streamCount -= 1
    this.#grown -= stream.grown
  }

  grow(byteCount: number): boolean {
    if (this.#grown + byteCount > GROWN_BUDGET) return false
    this.#grown += byteCount
    return true
  }

  #take(frame: Frame): void {
    const { channel: number, stream: id, type, payload } = frame
    if (type === 'channel-opened') return this.#channelOpened(number, payload)
    const channel = this.#channels.get(number)
    if (!channel) return
    if (type === 'channel-closed') return this.#drop(number, readReset(payload))
    if (type === 'credit' && id === 0) {
      if (this.#share.confirm(number, readCredit(payload))) this.#turns()
      else this.closeChannel(number, violated('more was confirmed than was sent'))
      return
    }
    if (type === 'data') this.#arrived(number, channel, payload.byteLength)
    if (type === 'open') return this.#opened(number, channel, id, payload)
    const stream = channel.streams.get(id)
    if (!stream) return
    if (type === 'reset') return stream.cut(readReset(payload))
    const credit = type === 'credit' ? readCredit(payload) : 0
    if (!stream.take(type, payload, credit))
      this.#refuse(stream, { code: 'flow-violated', text: `${type} out of turn` })
  }

  #channelOpened(number: number, payload: Uint8Array): void {
    const pass = readChannelPass(payload)
    if (this.#deps.side !== 'agent' || !pass) return
    this.#drop(number, violated('opened again'))
    if (this.#channels.size >= MAX_CHANNELS)
      this.send(channelClosedFrame(number, { code: 'too-many', text: 'too many clients' }))
    else this.#channels.set(number, newChannel(pass))
  }

  #opened(number: number, channel: Channel, id: number, payload: Uint8Array): void {
    const refuse = (reset: Reset) => this.send(resetFrame(number, id, reset))
    if (this.#deps.side !== 'agent' || !this.#deps.accept || id <= channel.lastStream)
      return refuse(violated('this stream cannot be opened'))
    channel.lastStream = id
    const target = readOpen(payload)
    if (!target.ok) return refuse({ code: 'refused', text: target.error })
    if (channel.streams.size >= MAX_STREAMS_PER_CHANNEL || this.#streamCount >= MAX_STREAMS)
      return refuse({ code: 'too-many', text: 'too many streams' })
    this.#deps.accept(this.#add(number, channel, id, target.value), channel.pass)
  }

  #add(number: number, channel: Channel, id: number, target: LaneTarget): LaneStream {
    const stream = new LaneStream(this, number, id, target)
    channel.streams.set(id, stream)
    channel.lastStream = id
    this.#streamCount += 1
    return stream
  }

  /** Confirmed whether its stream still lives or not: what counts is that it no longer lies in the relay. */
  #arrived(number: number, channel: Channel, byteCount: number): void {
    channel.arrived += byteCount
    if (channel.arrived < CHANNEL_GRANT) return
    this.send(creditFrame(number, 0, channel.arrived))
    channel.arrived = 0
  }

  #refuse(stream: LaneStream, reset: Reset): void {
    this.send(resetFrame(stream.channel, stream.id, reset))
    stream.cut(reset)
  }

  #drop(number: number, reset: Reset): void {
    const channel = this.#channels.get(number)
    if (!channel) return
    for (const stream of channel.streams.values()) stream.cut(reset)
    if (this.#deps.side === 'client' && !this.#over) return
    this.#channels.delete(number)
    this.#share.forget(number)
    this.#deps.channelClosed?.(number)
  }

  /** One piece for each that waits, until none can go on. */
  #turns(): void {
    for (;;) {
      const waiting = [...this.#blocked].filter((stream) => this.room(stream.channel) > 0)
      if (waiting.length === 0) return
      for (const stream of waiting) {
        this.#blocked.delete(stream)
        stream.resume(1)
      }
    }
  }
}

const newChannel = (pass: ChannelPass): Channel => ({ pass, streams: new Map(), lastStream: 0, arrived: 0 })
const violated = (text: string): Reset => ({ code: 'protocol-violated', text })
