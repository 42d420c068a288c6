const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Standard base64, padded, without line breaks → bytes; undefined for anything else, also for stray bits at the end. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const digits = text.replace(/=+$/, '')
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let bits = 0
  let bitCount = 0
  let written = 0
  for (const digit of digits) {
    bits = (bits << 6) | ALPHABET.indexOf(digit)
    bitCount += 6
    if (bitCount < 8) continue
    bitCount -= 8
    bytes[written++] = (bits >> bitCount) & 0xff
    bits &= (1 << bitCount) - 1
  }
  return bits === 0 ? bytes : undefined
}

/** Bytes → standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3)
    const chunk = (a << 16) | (b << 8) | c
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(chunk >> shift) & 63]!).join('')
    text += i + 2 < bytes.length ? digits : digits.slice(0, bytes.length - i + 1).padEnd(4, '=')
  }
  return text
}
