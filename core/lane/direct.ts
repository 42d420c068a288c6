import { z } from 'zod'
import { fromUtf8, toUtf8 } from '../base/utf8.ts'

/**
 * How one HTTP request of direct access crosses a stream: a head, then bytes until the end; both ways alike. A head and,
 * after a 101, each message of a WebSocket is a record: type u8, length u32, payload.
 */
const HeaderList = z.array(z.tuple([z.string().max(256), z.string().max(64 * 1024)])).max(256)
export type HeaderPairs = z.infer<typeof HeaderList>

export const DirectRequest = z.object({
  method: z.string().max(16),
  path: z.string().max(32 * 1024),
  headers: HeaderList,
})
export type DirectRequest = z.infer<typeof DirectRequest>
export const DirectResponse = z.object({ status: z.int().min(100).max(599), headers: HeaderList })
export type DirectResponse = z.infer<typeof DirectResponse>

export const RECORD = { head: 0, text: 1, binary: 2, close: 8 } as const
const RECORD_HEADER_BYTES = 5
/** kubectl sends at most 32 KiB a message; a port-forward is chopped by its sender. */
export const MAX_RECORD_BYTES = 4 * 1024 * 1024

export function encodeRecord(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + payload.byteLength)
  bytes[0] = type
  new DataView(bytes.buffer).setUint32(1, payload.byteLength)
  bytes.set(payload, RECORD_HEADER_BYTES)
  return bytes
}

export const encodeHead = (head: DirectRequest | DirectResponse): Uint8Array =>
  encodeRecord(RECORD.head, toUtf8(JSON.stringify(head)))

export interface LaneRecord {
  readonly type: number
  readonly payload: Uint8Array
}

/** Puts records together from pieces of any size. */
export class RecordReader {
  #bytes = new Uint8Array(0)

  push(piece: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.byteLength + piece.byteLength)
    joined.set(this.#bytes)
    joined.set(piece, this.#bytes.byteLength)
    this.#bytes = joined
  }

  /** The next whole record; undefined until more comes, 'too-long' for one that nobody sends in good faith. */
  next(): LaneRecord | 'too-long' | undefined {
    if (this.#bytes.byteLength < RECORD_HEADER_BYTES) return undefined
    const length = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(1)
    if (length > MAX_RECORD_BYTES) return 'too-long'
    const end = RECORD_HEADER_BYTES + length
    if (this.#bytes.byteLength < end) return undefined
    const record = { type: this.#bytes[0] ?? 0, payload: this.#bytes.slice(RECORD_HEADER_BYTES, end) }
    this.#bytes = this.#bytes.slice(end)
    return record
  }

  /** What came behind the last record. */
  rest(): Uint8Array {
    const rest = this.#bytes
    this.#bytes = new Uint8Array(0)
    return rest
  }
}

/** The head in a record; undefined when it is none. */
export function readHead<S extends z.ZodType>(schema: S, { type, payload }: LaneRecord): z.infer<S> | undefined {
  try {
    return type === RECORD.head ? schema.safeParse(JSON.parse(fromUtf8(payload))).data : undefined
  } catch {
    return undefined
  }
}
