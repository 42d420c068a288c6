import { randomName, toBase64Url, utf8 } from './bytes.ts'

/**
 * The signing keys of a provider: one signs, all that are published are found in the JWKS. After a rotation the old key
 * is published no more, as if its time of grace were over.
 */
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const

/** Node and Workers name these types differently; the functions are the same. */
type Key = Parameters<typeof crypto.subtle.exportKey>[1]
interface KeyPair {
  readonly privateKey: Key
  readonly publicKey: Key
}

interface SigningKey {
  readonly kid: string
  readonly pair: KeyPair
}

export class KeyRing {
  #current: SigningKey
  #published: readonly SigningKey[]

  private constructor(first: SigningKey) {
    this.#current = first
    this.#published = [first]
  }

  static async make(): Promise<KeyRing> {
    return new KeyRing(await newKey())
  }

  /** `keep`: the old keys stay published, as they do during the time of grace. */
  async rotate(how: { readonly keep: boolean } = { keep: false }): Promise<void> {
    this.#current = await newKey()
    this.#published = how.keep ? [...this.#published, this.#current] : [this.#current]
  }

  async jwks(): Promise<{ readonly keys: readonly object[] }> {
    const keys = await Promise.all(
      this.#published.map(async ({ kid, pair }) => {
        const { kty, n, e } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as {
          kty?: string
          n?: string
          e?: string
        }
        return { kty, n, e, kid, use: 'sig', alg: 'RS256' }
      }),
    )
    return { keys }
  }

  async sign(claims: object): Promise<string> {
    const { kid, pair } = this.#current
    const head = toBase64Url(utf8(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid })))
    const body = toBase64Url(utf8(JSON.stringify(claims)))
    const signature = await crypto.subtle.sign(RSA.name, pair.privateKey, utf8(`${head}.${body}`))
    return `${head}.${body}.${toBase64Url(new Uint8Array(signature))}`
  }
}

async function newKey(): Promise<SigningKey> {
  const shape = { ...RSA, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
  const pair = (await crypto.subtle.generateKey(shape, true, ['sign', 'verify'])) as KeyPair
  return { kid: randomName(8), pair }
}
