import { utf8ToBytes } from '@noble/hashes/utils.js'

/** Text as bytes and back, for rooms without a DOM. Bytes that are no UTF-8 read as `?` each, never as a fault. */
export const toUtf8 = (text: string): Uint8Array => utf8ToBytes(text)

export function fromUtf8(bytes: Uint8Array): string {
  let escaped = ''
  let plain = ''
  for (const byte of bytes) {
    plain += byte < 0x80 ? String.fromCharCode(byte) : '?'
    escaped += `%${byte.toString(16).padStart(2, '0')}`
  }
  try {
    return decodeURIComponent(escaped)
  } catch {
    return plain
  }
}
