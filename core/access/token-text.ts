/**
 * How our tokens look: `lanl_` (an API token) or `lanls_` (a session), 32 characters of randomness, 7 of CRC-32. The
 * prefix lets scanners find a leaked one, the checksum lets them and us tell a token from a typing mistake without
 * asking a database. Source of the idea: GitHub's token format, engineering blog of April 2021.
 */
export type TokenKind = 'token' | 'session'

const PREFIX: Readonly<Record<TokenKind, string>> = { token: 'lanl_', session: 'lanls_' }
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** 160 bits: five a character. */
export const TOKEN_RANDOM_BYTES = 32
const CHECK_CHARS = 7
const SHAPE = /^(lanl_|lanls_)([0-9a-hjkmnp-tv-z]{32})([0-9a-hjkmnp-tv-z]{7})$/

/** `random` gives TOKEN_RANDOM_BYTES bytes; 256 is a multiple of 32, so every character is as likely as another. */
export function makeToken(kind: TokenKind, random: Uint8Array): string {
  const secret = Array.from(random.subarray(0, TOKEN_RANDOM_BYTES), (byte) => ALPHABET[byte % 32]).join('')
  return PREFIX[kind] + secret + checksum(PREFIX[kind] + secret)
}

/** undefined for anything that we have not made. */
export function kindOfToken(text: string): TokenKind | undefined {
  const [, prefix = '', secret = '', check] = SHAPE.exec(text) ?? []
  if (check === undefined || checksum(prefix + secret) !== check) return undefined
  return prefix === PREFIX.session ? 'session' : 'token'
}

function checksum(text: string): string {
  let crc = 0xffffffff
  for (const char of text) {
    crc ^= char.charCodeAt(0)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let digits = ''
  for (let i = 0; i < CHECK_CHARS; i++) {
    digits = ALPHABET[rest % 32]! + digits
    rest = Math.floor(rest / 32)
  }
  return digits
}
