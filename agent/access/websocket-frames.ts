import { randomBytes } from 'node:crypto'

/**
 * WebSocket frames as a client writes and reads them (RFC 6455 §5). By hand, because port-forward asks for a subprotocol
 * with a slash in it, which no library offers.
 */
export interface WireMessage {
  readonly opcode: number
  readonly payload: Buffer
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
/** What Kubernetes sends at most, many times over. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** Masked, as a client must. */
export function encodeMessage(opcode: number, payload: Uint8Array): Buffer {
  const { byteLength } = payload
  const wide = byteLength > 0xffff ? 8 : byteLength > 125 ? 2 : 0
  const header = Buffer.alloc(2 + wide + 4)
  header[0] = 0x80 | opcode
  header[1] = 0x80 | (wide === 8 ? 127 : wide === 2 ? 126 : byteLength)
  if (wide === 2) header.writeUInt16BE(byteLength, 2)
  if (wide === 8) header.writeBigUInt64BE(BigInt(byteLength), 2)
  const mask = randomBytes(4)
  mask.copy(header, 2 + wide)
  const body = Buffer.from(payload)
  for (let at = 0; at < body.length; at++) body[at] = body[at]! ^ mask[at & 3]!
  return Buffer.concat([header, body])
}

/** Puts messages together from pieces of any size. */
export class MessageReader {
  #bytes: Buffer = Buffer.alloc(0)
  #parts: Buffer[] = []
  #opcode = 0

  push(piece: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece])
  }

  /** The next whole message; undefined until more comes, 'broken' for what no server may send. */
  next(): WireMessage | 'broken' | undefined {
    for (;;) {
      const frame = this.#frame()
      if (frame === undefined || frame === 'broken') return frame
      // Control frames may stand between the parts of a message.
      if (frame.opcode >= OPCODE.close) return frame
      if (frame.opcode !== OPCODE.continuation) this.#opcode = frame.opcode
      this.#parts.push(frame.payload)
      if (this.#parts.reduce((sum, part) => sum + part.length, 0) > MAX_MESSAGE_BYTES) return 'broken'
      if (!frame.last) continue
      const payload = Buffer.concat(this.#parts)
      this.#parts = []
      return { opcode: this.#opcode, payload }
    }
  }

  #frame(): (WireMessage & { readonly last: boolean }) | 'broken' | undefined {
    const bytes = this.#bytes
    if (bytes.length < 2) return undefined
    const [first = 0, second = 0] = bytes
    // Reserved bits mean an extension that nobody agreed on; a server never masks.
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0) return 'broken'
    const short = second & 0x7f
    const start = 2 + (short === 127 ? 8 : short === 126 ? 2 : 0)
    if (bytes.length < start) return undefined
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
    if (length > MAX_MESSAGE_BYTES) return 'broken'
    if (bytes.length < start + length) return undefined
    this.#bytes = bytes.subarray(start + length)
    return { opcode: first & 0x0f, last: (first & 0x80) !== 0, payload: bytes.subarray(start, start + length) }
  }
}
