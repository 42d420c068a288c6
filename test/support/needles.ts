import { createPrivateKey } from 'node:crypto'

/**
 * Secrets as they would look wherever they slipped out: raw, hexadecimal, and in both alphabets of base64, also when
 * something was put before them prior to encoding.
 */
export interface Needle {
  /** Which secret, and in which dress. */
  readonly says: string
  readonly bytes: Buffer
}

export interface Find {
  readonly says: string
  readonly offset: number
}

/** Long secrets are looked for piece by piece, so that neither a line break nor the edge of a page hides them. */
const PIECE_BYTES = 32
/** Anything shorter turns up by chance. */
const SHORTEST_BYTES = 14

export function needlesFor(name: string, secret: Uint8Array): readonly Needle[] {
  const raw = Buffer.from(secret)
  const dresses: [string, Buffer][] = [
    ['raw', raw],
    ['hex', Buffer.from(raw.toString('hex'))],
    ['HEX', Buffer.from(raw.toString('hex').toUpperCase())],
  ]
  for (const shift of [0, 1, 2])
    for (const alphabet of ['base64', 'base64url'] as const)
      dresses.push([alphabet, Buffer.from(shifted(raw, shift, alphabet))])
  return dresses.flatMap(([dress, bytes]) =>
    pieces(bytes).map((piece) => ({ says: `${name}, ${dress}`, bytes: piece })),
  )
}

/** A private key: its file, what is between the lines, what that decodes to, and the numbers nobody may know. */
export function keyNeedles(name: string, pem: string): readonly Needle[] {
  const jwk = createPrivateKey(readablePem(pem)).export({ format: 'jwk' })
  const secretNumbers = (['d', 'p', 'q', 'dp', 'dq', 'qi'] as const).flatMap((field) => {
    const value = jwk[field]
    return typeof value === 'string' ? needlesFor(`${name} ${field}`, Buffer.from(value, 'base64url')) : []
  })
  return [...needlesFor(`${name} PEM`, Buffer.from(pem)), ...needlesFor(`${name} DER`, derOf(pem)), ...secretNumbers]
}

/**
 * A text whose single values may be known but not their arrangement: two lines that follow each other, as they are and
 * as within JSON, or the whole of it encoded.
 */
export function textNeedles(name: string, text: string): readonly Needle[] {
  const lines = text.split('\n')
  const pairs = lines
    .slice(1)
    .map((line, index) => `${lines[index]}\n${line}`)
    .filter((pair) => pair.length >= PIECE_BYTES)
  return [
    ...needlesFor(name, Buffer.from(text)).filter(({ says }) => !says.endsWith(', raw')),
    ...pairs.map((pair) => ({ says: `${name}, text`, bytes: Buffer.from(pair) })),
    ...pairs.map((pair) => ({ says: `${name}, within JSON`, bytes: Buffer.from(JSON.stringify(pair).slice(1, -1)) })),
  ]
}

/** What is between the first and the last line of a PEM file. */
export const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[A-Z0-9 ]+-----|\s/g, ''), 'base64')

/** Talos writes PKCS #8 of Ed25519 under a label of its own. */
const readablePem = (pem: string): string => pem.replaceAll('ED25519 PRIVATE KEY', 'PRIVATE KEY')

/** Base64 of the bytes when `shift` others came before them; what the neighbours have a share in is cut off. */
function shifted(raw: Buffer, shift: number, alphabet: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(shift), raw])
    .toString(alphabet)
    .replaceAll('=', '')
  const last = (shift + raw.length) % 3 === 0 ? text.length : text.length - 1
  return text.slice(shift === 0 ? 0 : shift + 1, last)
}

function pieces(bytes: Buffer): readonly Buffer[] {
  if (bytes.length < SHORTEST_BYTES) return []
  if (bytes.length <= PIECE_BYTES) return [bytes]
  const starts = Array.from({ length: Math.floor(bytes.length / PIECE_BYTES) }, (_, index) => index * PIECE_BYTES)
  return [...starts, bytes.length - PIECE_BYTES].map((start) => bytes.subarray(start, start + PIECE_BYTES))
}

/** Looks for thousands of needles in one pass. */
export class NeedleSearch {
  readonly #byStart = new Map<number, Needle[]>()
  /** Most places are ruled out by their first two bytes alone. */
  readonly #possible = new Uint8Array(0x1_0000)

  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      const start = needle.bytes.readUInt32BE(0)
      this.#possible[start >>> 16] = 1
      const same = this.#byStart.get(start)
      if (same) same.push(needle)
      else this.#byStart.set(start, [needle])
    }
  }

  /** Each needle once, where it is found first. */
  find(hay: Buffer): readonly Find[] {
    const found = new Map<string, Find>()
    for (let offset = 0; offset + 4 <= hay.length; offset++) {
      if (this.#possible[(hay[offset]! << 8) | hay[offset + 1]!] === 0) continue
      for (const { says, bytes } of this.#byStart.get(hay.readUInt32BE(offset)) ?? [])
        if (!found.has(says) && hay.subarray(offset, offset + bytes.length).equals(bytes))
          found.set(says, { says, offset })
    }
    return [...found.values()]
  }
}
