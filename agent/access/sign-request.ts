import type { webcrypto } from 'node:crypto'
import { cryptoProvider, Pkcs10CertificateRequest, type JsonName } from '@peculiar/x509'
import type { Role } from '#core/access/role.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { GROUP_OF, TALOS_ROLE_OF } from '#core/talos/cluster-access.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { signClient, type KeyKind, type Pair } from '../vault/pki.ts'

/** The keys a client may bring: what our CLI makes. Anything else is refused rather than signed half-understood. */
const KINDS: readonly { readonly kind: KeyKind; readonly matches: (algorithm: KeyShape) => boolean }[] = [
  { kind: 'ec', matches: ({ name, namedCurve }) => name === 'ECDSA' && namedCurve === 'P-256' },
  { kind: 'ed25519', matches: ({ name }) => name === 'Ed25519' },
]
interface KeyShape {
  readonly name: string
  readonly namedCurve?: string
}

/**
 * Signs the key of a request for a person and a role. Of the request only the key is believed, and only with its proof of
 * possession; name and rights are ours to say. The error is a sentence for the person.
 */
export async function signRequest(
  csr: string,
  bundle: SecretsBundle,
  wanted: {
    readonly what: 'kubernetes' | 'talos'
    readonly user: string
    readonly role: Role
    readonly ttlMs: number
    readonly nowMs: number
  },
): Promise<Result<{ readonly cert: string; readonly authority: Pair; readonly expiresAt: number }, string>> {
  const key = await readRequest(csr)
  if (!key.ok) return key
  const { what, user, role, ttlMs, nowMs } = wanted
  const authority = what === 'kubernetes' ? bundle.certs.k8s : bundle.certs.os
  const subject: JsonName =
    what === 'kubernetes' ? [{ O: [GROUP_OF[role]] }, { CN: [user] }] : [{ O: [TALOS_ROLE_OF[role]] }]
  const signed = await signClient({ authority, ...key.value, subject, ttlMs, nowMs })
  return ok({ ...signed, authority })
}

async function readRequest(
  csr: string,
): Promise<Result<{ readonly kind: KeyKind; readonly publicKey: webcrypto.CryptoKey }, string>> {
  try {
    const request = new Pkcs10CertificateRequest(csr)
    const kind = KINDS.find(({ matches }) => matches(request.publicKey.algorithm as KeyShape))?.kind
    if (kind === undefined) return err('the key of the request is neither P-256 nor Ed25519')
    if (!(await request.verify(cryptoProvider.get()))) return err('the request is not signed by its own key')
    return ok({ kind, publicKey: (await request.publicKey.export()) as webcrypto.CryptoKey })
  } catch {
    return err('the certificate request cannot be read')
  }
}
