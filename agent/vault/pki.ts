import 'reflect-metadata'
import { createPrivateKey, KeyObject, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonName,
} from '@peculiar/x509'
import { fromBase64, toBase64 } from '#core/talos/base64.ts'

/**
 * The certificate authorities of a Talos cluster and the client certificates they sign, made as upstream makes them.
 *
 * Source: siderolabs/crypto; facts talos.md §2.2 to §2.4.
 */

/** A certificate and its key as a bundle holds them: base64 of PEM, keys under the labels that Talos writes. */
export interface Pair {
  readonly crt: string
  readonly key: string
}

export type KeyKind = 'ec' | 'ed25519'

/** Ten years, upstream's choice: an authority is rotated on purpose, never by running out. */
const AUTHORITY_LIFETIME_MS = 87_600 * 3_600_000
/** Clocks of freshly booted machines lag until their first NTP answer. */
const BACKDATE_MS = 5 * 60_000

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
} as const

/** What upstream writes: Talos clients sign, Kubernetes clients may also encipher. */
const CLIENT_KEY_USAGE: Readonly<Record<KeyKind, KeyUsageFlags>> = {
  ec: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
  ed25519: KeyUsageFlags.digitalSignature,
}

const SERIAL_BYTES = 16
const RSA_BITS = 4096

/** A new self-signed authority. Without an organization its subject is empty, as upstream's aggregator authority has it. */
export async function createAuthority(kind: KeyKind, organization: string | undefined, nowMs: number): Promise<Pair> {
  const keys = await newKeys(kind)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: organization === undefined ? [] : [{ O: [organization] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFETIME_MS),
    signingAlgorithm: ALGORITHMS[kind],
    keys,
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new BasicConstraintsExtension(true, undefined, true),
      // Of the key (RFC 5280, method 1), where upstream draws it: whoever computes the id instead of reading it agrees.
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { crt: armored(certificate.toString('pem')), key: armored(talosKeyPem(keys.privateKey, kind)) }
}

/** A client certificate with a new key, both PEM; the key under the label that Node's TLS and Go read alike. */
export async function issueClient({
  authority,
  kind,
  subject,
  ttlMs,
  nowMs,
}: {
  readonly authority: Pair
  readonly kind: KeyKind
  readonly subject: JsonName
  readonly ttlMs: number
  readonly nowMs: number
}): Promise<{ readonly cert: string; readonly key: string; readonly expiresAt: number }> {
  const keys = await newKeys(kind)
  const { cert, expiresAt } = await signClient({ authority, kind, publicKey: keys.publicKey, subject, ttlMs, nowMs })
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
  return { cert, key, expiresAt }
}

/** A client certificate for a key that somebody else keeps. */
export async function signClient({
  authority,
  kind,
  publicKey,
  subject,
  ttlMs,
  nowMs,
}: {
  readonly authority: Pair
  readonly kind: KeyKind
  readonly publicKey: webcrypto.CryptoKey
  readonly subject: JsonName
  readonly ttlMs: number
  readonly nowMs: number
}): Promise<{ readonly cert: string; readonly expiresAt: number }> {
  const issuer = new X509Certificate(pemOf(authority.crt))
  const authorityKeyId = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId
  const signer = await signerOf(authority)
  // A certificate counts whole seconds.
  const expiresAt = Math.floor(Math.min(nowMs + ttlMs, issuer.notAfter.getTime()) / 1000) * 1000
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    // The parsed name and not its text: Go compares issuer and subject byte by byte.
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(expiresAt),
    signingAlgorithm: signer.algorithm,
    signingKey: signer.key,
    publicKey,
    extensions: [
      new KeyUsagesExtension(CLIENT_KEY_USAGE[kind], true),
      // Exactly this one: apid refuses a client whose list is any other.
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ...(authorityKeyId ? [new AuthorityKeyIdentifierExtension(authorityKeyId)] : []),
    ],
  })
  return { cert: certificate.toString('pem') + '\n', expiresAt }
}

/** A new RSA key as PKCS#1, for signing service account tokens. Takes up to a few seconds of another thread. */
export async function createServiceAccountKey(): Promise<string> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: RSA_BITS, publicExponent: F4 }
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return armored(KeyObject.from(privateKey).export({ type: 'pkcs1', format: 'pem' }).toString())
}

const F4 = new Uint8Array([1, 0, 1])

/** Whether a key belongs to a certificate; both as a bundle holds them. */
export function pairMatches(pair: Pair): boolean {
  try {
    return new NodeCertificate(pemOf(pair.crt)).checkPrivateKey(createPrivateKey(readableKeyPem(pair.key)))
  } catch {
    return false
  }
}

/** base64 of PEM → PEM. */
export const pemOf = (text: string): string => Buffer.from(fromBase64(text) ?? []).toString('latin1')

/** PEM → base64 of PEM, ending in a line break as Go writes it. */
const armored = (pem: string): string => toBase64(Buffer.from(pem.endsWith('\n') ? pem : `${pem}\n`, 'latin1'))

const newKeys = (kind: KeyKind): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHMS[kind], true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>

/** The PEM label Talos itself writes; OpenSSL does not know the Ed25519 one. */
function talosKeyPem(key: webcrypto.CryptoKey, kind: KeyKind): string {
  const object = KeyObject.from(key)
  if (kind === 'ec') return object.export({ type: 'sec1', format: 'pem' }).toString()
  return object.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('PRIVATE KEY', 'ED25519 PRIVATE KEY')
}

/** A key of a bundle under a label that Node reads. */
const readableKeyPem = (text: string): string => pemOf(text).replaceAll('ED25519 PRIVATE KEY', 'PRIVATE KEY')

interface Signer {
  readonly key: webcrypto.CryptoKey
  readonly algorithm: (typeof SIGNING_ALGORITHMS)[number]
}

/** The kinds of key that an authority may have: ours, and what people bring along. */
const SIGNING_ALGORITHMS = [
  ALGORITHMS.ed25519,
  ALGORITHMS.ec,
  { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
] as const

async function signerOf(authority: Pair): Promise<Signer> {
  const pkcs8 = createPrivateKey(readableKeyPem(authority.key)).export({ type: 'pkcs8', format: 'der' })
  for (const algorithm of SIGNING_ALGORITHMS) {
    // The key itself decides: only the algorithm it was made for takes it.
    const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']).catch(() => undefined)
    if (key) return { key, algorithm }
  }
  throw new Error('the key of the authority is of a kind that signs no certificates here')
}

/** 127 random bits, so that the number is positive in DER; the highest of them set, so that its length never varies. */
function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}
