import 'reflect-metadata'
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { err, ok, type Result } from '#core/base/result.ts'

/**
 * The lab's own reading and signing of certificates: what a Talos node does with the authorities in its configuration.
 * Certificates are checked here as a suspicious node would check them, not as the product writes them.
 */
export interface Authority {
  readonly certPem: string
  readonly cert: X509Certificate
  /** Absent on workers, which only trust. */
  readonly key: KeyObject | undefined
}

export interface SigningAuthority extends Authority {
  readonly key: KeyObject
}

export interface Leaf {
  readonly certPem: string
  /** PKCS#8 for Ed25519, SEC1 for ECDSA: both forms TLS stacks read. */
  readonly keyPem: string
}

const SERVER_AUTH = x509.ExtendedKeyUsage.serverAuth
export const CLIENT_AUTH: string = x509.ExtendedKeyUsage.clientAuth
const HOUR_MS = 3_600_000
/** Issued a moment back, because the caller's clock may lag ours. */
const BACKDATE_MS = 60_000

/** Base64 of PEM text, as machine configurations carry certificates and keys. */
export function decodePem(base64: string, label: RegExp): Result<string, string> {
  if (!/^[A-Za-z0-9+/=\s]+$/.test(base64)) return err('is not base64')
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const match = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)
  if (!match || !label.test(match[1] ?? '')) return err('is not base64 of PEM of the expected kind')
  return ok(text)
}

/** Any private key Talos reads, including its own `ED25519 PRIVATE KEY` label around ordinary PKCS#8. */
export function readPrivateKey(base64: string): Result<KeyObject, string> {
  const pem = decodePem(base64, /PRIVATE KEY$/)
  if (!pem.ok) return pem
  try {
    return ok(createPrivateKey(pem.value.replaceAll('ED25519 PRIVATE KEY', 'PRIVATE KEY')))
  } catch (error) {
    return err(`cannot be parsed: ${String(error)}`)
  }
}

export function readCertificate(base64: string): Result<Authority, string> {
  const pem = decodePem(base64, /^CERTIFICATE$/)
  if (!pem.ok) return pem
  try {
    return ok({ certPem: pem.value, cert: new X509Certificate(pem.value), key: undefined })
  } catch (error) {
    return err(`cannot be parsed: ${String(error)}`)
  }
}

/** A certificate that may sign others and is valid at `at`; the error says what it lacks. */
export function checkAuthority(authority: Authority, at: number): Result<Authority, string> {
  const cert = new x509.X509Certificate(authority.certPem)
  if (cert.getExtension(x509.BasicConstraintsExtension)?.ca !== true) return err('is not a CA certificate')
  const usages = cert.getExtension(x509.KeyUsagesExtension)?.usages ?? 0
  for (const [flag, name] of [
    [x509.KeyUsageFlags.digitalSignature, 'digitalSignature'],
    [x509.KeyUsageFlags.keyCertSign, 'keyCertSign'],
  ] as const)
    if ((usages & flag) === 0) return err(`lacks the key usage ${name}`)
  const extended = cert.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String) ?? []
  for (const wanted of [SERVER_AUTH, CLIENT_AUTH])
    if (!extended.includes(wanted)) return err(`lacks the extended key usage ${wanted}`)
  if (cert.notBefore.getTime() > at) return err('is not valid yet')
  if (cert.notAfter.getTime() <= at) return err('has expired')
  return ok(authority)
}

/** A CA and its key; the key must belong to the certificate. */
export function readSigningAuthority(crt: string, key: string, at: number): Result<SigningAuthority, string> {
  const authority = readCertificate(crt)
  if (!authority.ok) return err(`crt ${authority.error}`)
  const checked = checkAuthority(authority.value, at)
  if (!checked.ok) return err(`crt ${checked.error}`)
  const privateKey = readPrivateKey(key)
  if (!privateKey.ok) return err(`key ${privateKey.error}`)
  if (!authority.value.cert.checkPrivateKey(privateKey.value)) return err('key does not belong to crt')
  return ok({ ...authority.value, key: privateKey.value })
}

export interface LeafRequest {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  /** DNS names and IP addresses, told apart by their look. */
  readonly names?: readonly string[]
  readonly usage: 'server' | 'client'
  readonly keyType: 'ed25519' | 'ecdsa'
  readonly lifetimeMs: number
  readonly at: number
}

const SIGNING = {
  ed25519: { name: 'Ed25519' },
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const

function signingOf(key: KeyObject): (typeof SIGNING)[keyof typeof SIGNING] {
  const kind = key.asymmetricKeyType
  return kind === 'ed25519' || kind === 'ec' || kind === 'rsa' ? SIGNING[kind] : SIGNING.ec
}

function newKeyPair(keyType: LeafRequest['keyType']): { privateKey: KeyObject; publicKey: KeyObject } {
  return keyType === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

const sanOf = (names: readonly string[]) =>
  new x509.SubjectAlternativeNameExtension(
    [...new Set(names)].map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
  )

/** The issuer's own key identifier, whatever it is made of: upstream's authorities carry a random one. None without one. */
function authorityKeyOf(issuer: x509.X509Certificate): x509.AuthorityKeyIdentifierExtension[] {
  const keyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId
  return keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)]
}

/** Signs a fresh leaf with the authority. */
export async function issueLeaf(authority: SigningAuthority, request: LeafRequest): Promise<Leaf> {
  const issuer = new x509.X509Certificate(authority.certPem)
  const keys = newKeyPair(request.keyType)
  const signing = signingOf(authority.key)
  const publicKey = keys.publicKey.toCryptoKey(SIGNING[request.keyType === 'ecdsa' ? 'ec' : 'ed25519'], true, [
    'verify',
  ])
  const subject: Record<string, string[]>[] = (request.organizations ?? []).map((name) => ({ O: [name] }))
  if (request.commonName !== undefined) subject.push({ CN: [request.commonName] })
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(16)
      .toString('hex')
      .replace(/^[89a-f]/, '1'),
    subject,
    issuer: issuer.subjectName,
    notBefore: new Date(request.at - BACKDATE_MS),
    notAfter: new Date(request.at + request.lifetimeMs),
    publicKey,
    signingKey: authority.key.toCryptoKey(signing, true, ['sign']),
    signingAlgorithm: signing,
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | (request.keyType === 'ecdsa' ? x509.KeyUsageFlags.keyEncipherment : 0),
        true,
      ),
      new x509.ExtendedKeyUsageExtension([request.usage === 'server' ? SERVER_AUTH : CLIENT_AUTH]),
      ...authorityKeyOf(issuer),
      ...(request.names?.length ? [sanOf(request.names)] : []),
    ],
  })
  const keyPem = keys.privateKey.export({ format: 'pem', type: request.keyType === 'ecdsa' ? 'sec1' : 'pkcs8' })
  return { certPem: `${cert.toString('pem')}\n`, keyPem: keyPem.toString() }
}

/** A throw-away authority, as a node in maintenance mode makes one at every boot. */
export async function ephemeralAuthority(organization: string, at: number): Promise<SigningAuthority> {
  const keys = newKeyPair('ed25519')
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(8)
      .toString('hex')
      .replace(/^[89a-f]/, '1'),
    name: [{ O: [organization] }],
    notBefore: new Date(at - BACKDATE_MS),
    notAfter: new Date(at + 24 * HOUR_MS),
    keys: {
      privateKey: keys.privateKey.toCryptoKey(SIGNING.ed25519, true, ['sign']),
      publicKey: keys.publicKey.toCryptoKey(SIGNING.ed25519, true, ['verify']),
    },
    signingAlgorithm: SIGNING.ed25519,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH, CLIENT_AUTH]),
      new x509.BasicConstraintsExtension(true, undefined, true),
    ],
  })
  const certPem = `${cert.toString('pem')}\n`
  return { certPem, cert: new X509Certificate(certPem), key: keys.privateKey }
}
