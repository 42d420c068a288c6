import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { err, ok, type Result } from '#core/base/result.ts'

/** An identity provider without a network: it signs tokens, shows its keys, and counts who asks for them. */
export const ISSUER = 'https://id.example'
export const CLIENT = 'lanline-cli'
export const NOW = Date.UTC(2026, 4, 1, 12, 0, 0)

export interface AnIssuer {
  readonly fetchJson: (url: URL) => Promise<Result<unknown, string>>
  readonly asked: () => number
  /** A token as the provider makes it, with changes. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: CryptoKey): Promise<string>
  /** New key; the old one is withdrawn and returned. */
  rotate(): Promise<{ readonly kid: string; readonly key: CryptoKey }>
  /** No answer any more. */
  silence(): void
  keySet: () => { keys: JWK[] }
  calledItself: string
}

export async function anIssuer(): Promise<AnIssuer> {
  let number = 1
  let pair = await generateKeyPair('ES256')
  let asked = 0
  let silent = false
  let published = await exportJWK(pair.publicKey)
  const issuer: AnIssuer = {
    calledItself: ISSUER,
    keySet: () => ({ keys: [{ ...published, kid: `key-${number}`, alg: 'ES256', use: 'sig' }] }),
    fetchJson: (url) => {
      if (silent) return Promise.resolve(err('it does not answer'))
      if (url.pathname.endsWith('/openid-configuration')) {
        asked += 1
        return Promise.resolve(ok({ issuer: issuer.calledItself, jwks_uri: `${ISSUER}/keys` }))
      }
      return Promise.resolve(ok(issuer.keySet()))
    },
    asked: () => asked,
    sign: (claims = {}, header = {}, key = pair.privateKey) =>
      new SignJWT({
        iss: ISSUER,
        sub: 'ada',
        aud: CLIENT,
        iat: NOW / 1000,
        exp: NOW / 1000 + 300,
        groups: ['homelab'],
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid: `key-${number}`, ...header })
        .sign(key),
    async rotate() {
      const old = { kid: `key-${number}`, key: pair.privateKey }
      pair = await generateKeyPair('ES256')
      published = await exportJWK(pair.publicKey)
      number += 1
      return old
    },
    silence: () => (silent = true),
  }
  return issuer
}
