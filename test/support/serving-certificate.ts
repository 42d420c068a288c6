import 'reflect-metadata'
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A certificate and key, PEM, for a TLS server in a test. */
export interface ServingCertificate {
  readonly cert: string
  readonly key: string
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** Signed by the authority when one is given (base64 of PEM, as in a bundle), else self-signed. */
export async function servingCertificate({
  authority,
  addresses,
  validFrom = Date.now() - DAY_MS,
}: {
  readonly authority?: { readonly crt: string; readonly key: string } | undefined
  readonly addresses: readonly string[]
  readonly validFrom?: number
}): Promise<ServingCertificate> {
  const keys = (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const common = {
    notBefore: new Date(validFrom),
    notAfter: new Date(validFrom + 2 * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(false),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(addresses.map((value) => ({ type: 'ip', value }))),
    ],
  }
  const certificate = authority
    ? await signed(authority, keys, common)
    : await X509CertificateGenerator.createSelfSigned({ ...common, name: 'CN=maintenance', keys, signingAlgorithm: EC })
  return {
    cert: certificate.toString('pem'),
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

async function signed(
  authority: { readonly crt: string; readonly key: string },
  keys: webcrypto.CryptoKeyPair,
  common: { notBefore: Date; notAfter: Date; extensions: X509Certificate['extensions'] },
): Promise<X509Certificate> {
  const issuer = new X509Certificate(Buffer.from(authority.crt, 'base64').toString())
  const pem = Buffer.from(authority.key, 'base64').toString().replaceAll('ED25519 PRIVATE KEY', 'PRIVATE KEY')
  const key = createPrivateKey(pem)
  const algorithm = key.asymmetricKeyType === 'ed25519' ? { name: 'Ed25519' } : EC
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return X509CertificateGenerator.create({
    ...common,
    subject: 'CN=server',
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
  })
}
