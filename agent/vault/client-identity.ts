import type { Secret } from '#core/base/secret.ts'

/** What a client needs for mutual TLS with one cluster. All texts are PEM that Node's TLS reads. */
export interface ClientIdentity {
  /** The authority that the server's certificate must come from. */
  readonly ca: string
  readonly cert: string
  readonly key: Secret<string>
  /** Epoch ms after which servers refuse the certificate. */
  readonly expiresAt: number
}
