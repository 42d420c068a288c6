import { createHeaderCodec, type SpdyHeaders } from './headers.ts'

/**
 * The answering side of a SPDY/3.1 session, as far as Kubernetes uses it: streams that the client opens, data both ways,
 * pings. No flow control of its own, as in the library that clients of Kubernetes use.
 *
 * Source: draft-mbelshe-httpbis-spdy-00, 2.2 and 2.6.
 */
export interface SpdyStream {
  readonly id: number
  readonly headers: SpdyHeaders
  write(bytes: Buffer): void
  /** This side sends no more. */
  end(): void
}

export interface SpdySessionDeps {
  readonly send: (bytes: Buffer) => void
  readonly opened: (stream: SpdyStream) => void
  readonly data: (stream: SpdyStream, bytes: Buffer) => void
  /** The client sends no more on it, or has given it up. */
  readonly ended: (stream: SpdyStream) => void
  /** It speaks something else. */
  readonly violated: (why: string) => void
}

export interface SpdySession {
  /** The next bytes, in any pieces. */
  push(bytes: Buffer): void
  close(): void
}

const HEADER_BYTES = 8
const CONTROL = 0x80
const VERSION = 3
const FIN = 0x01
const TYPE = { synStream: 1, synReply: 2, reset: 3, ping: 6 } as const
/** Senders chop long writes; more than this nobody sends in good faith. */
const MAX_FRAME_BYTES = 1024 * 1024
/** A forward opens two for each connection. */
const MAX_STREAMS = 512

export function createSpdySession(deps: SpdySessionDeps): SpdySession {
  const codec = createHeaderCodec()
  const streams = new Map<number, SpdyStream>()
  let bytes = Buffer.alloc(0)
  let over = false
  // Header blocks share one zlib stream, so frames are taken strictly one after the other.
  let turn = Promise.resolve()

  const violate = (why: string): void => {
    if (over) return
    over = true
    deps.violated(why)
  }

  async function open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff
    const headers = await codec.read(payload.subarray(10))
    if (streams.has(id) || streams.size >= MAX_STREAMS) return violate(`stream ${id} cannot be opened`)
    const stream: SpdyStream = {
      id,
      headers,
      write: (data) => over || deps.send(frame(id, 0, data)),
      end: () => over || deps.send(frame(id, FIN, Buffer.alloc(0))),
    }
    streams.set(id, stream)
    const reply = await codec.write(new Map())
    deps.send(control(TYPE.synReply, Buffer.concat([uint32(id), reply])))
    deps.opened(stream)
    if (flags & FIN) deps.ended(stream)
  }

  async function take(head: Buffer, payload: Buffer): Promise<void> {
    const flags = head.readUInt8(4)
    if ((head.readUInt8(0) & CONTROL) === 0) {
      const stream = streams.get(head.readUInt32BE(0))
      if (stream && payload.length > 0) deps.data(stream, payload)
      if (stream && flags & FIN) deps.ended(stream)
      return
    }
    if ((head.readUInt16BE(0) & 0x7fff) !== VERSION) return violate('another version of SPDY')
    const type = head.readUInt16BE(2)
    if (type === TYPE.synStream) return await open(payload, flags)
    if (type === TYPE.ping) return deps.send(control(TYPE.ping, payload))
    if (type !== TYPE.reset) return
    const stream = streams.get(payload.readUInt32BE(0))
    if (!stream) return
    streams.delete(stream.id)
    deps.ended(stream)
  }

  return {
    push(piece) {
      bytes = Buffer.concat([bytes, piece])
      while (bytes.length >= HEADER_BYTES && !over) {
        const head = bytes.subarray(0, HEADER_BYTES)
        const length = head.readUIntBE(5, 3)
        if (length > MAX_FRAME_BYTES) return violate(`a frame of ${length} bytes`)
        if (bytes.length < HEADER_BYTES + length) return
        const payload = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)
        bytes = bytes.subarray(HEADER_BYTES + length)
        turn = turn
          .then(() => (over ? undefined : take(head, payload)))
          .catch((thrown: unknown) => violate(thrown instanceof Error ? thrown.message : String(thrown)))
      }
    },
    close() {
      over = true
      codec.close()
    },
  }
}

function frame(id: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt32BE(id)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

function control(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE((CONTROL << 8) | VERSION)
  head.writeUInt16BE(type, 2)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
