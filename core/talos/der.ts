/**
 * Just enough DER to tell a certificate and a key from bytes that only look like one. Nothing here verifies a signature.
 *
 * Source: X.690; RFC 5280 §4.1, RFC 5915, RFC 5958.
 */
export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
}

export const SEQUENCE = 0x30
export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const OBJECT_ID = 0x06
/** Context-specific, constructed: `[0]`, `[1]` and so on. */
export const contextTag = (number: number): number => 0xa0 | number

/** The values that follow each other in some bytes; undefined when they do not end where the bytes end. */
export function readDer(bytes: Uint8Array): readonly DerValue[] | undefined {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!
    const length = readLength(bytes, at + 1)
    if (!length || length.end + length.value > bytes.length) return undefined
    at = length.end + length.value
    values.push({ tag, content: bytes.subarray(length.end, at) })
  }
  return values
}

/** The members of the one value of this tag that some bytes are. */
export function membersOf(bytes: Uint8Array, tag = SEQUENCE): readonly DerValue[] | undefined {
  const [value, ...more] = readDer(bytes) ?? []
  return value?.tag === tag && more.length === 0 ? readDer(value.content) : undefined
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

/** Lengths of more bytes than this are of no file that we read. */
const MAX_LENGTH_BYTES = 3

function readLength(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  const first = bytes[at]
  if (first === undefined || first === 0x80) return undefined
  if (first < 0x80) return { value: first, end: at + 1 }
  const count = first & 0x7f
  if (count > MAX_LENGTH_BYTES || at + 1 + count > bytes.length) return undefined
  const value = bytes.subarray(at + 1, at + 1 + count).reduce((sum, byte) => sum * 256 + byte, 0)
  return { value, end: at + 1 + count }
}
