import 'reflect-metadata'
import { createPublicKey, webcrypto, type KeyObject } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { ACCESS_SERVER_NAME } from '#core/lane/access.ts'

/** The agent's process lives less long than this, and makes a new one at each start. */
const LIFETIME_MS = 365 * 24 * 60 * 60_000
const BACKDATE_MS = 24 * 60 * 60_000

/**
 * A certificate for the agent's own identity key, by itself. Whoever connects looks at the key and not at the name: it is
 * the key whose fingerprint people compare at enrolment.
 */
export async function deskCertificate(signingKey: KeyObject, nowMs: number): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'Ed25519' }
  const { subtle } = webcrypto
  const pkcs8 = signingKey.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(signingKey).export({ type: 'spki', format: 'der' })
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${ACCESS_SERVER_NAME}`,
    issuer: `CN=${ACCESS_SERVER_NAME}`,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + LIFETIME_MS),
    signingAlgorithm: algorithm,
    signingKey: await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
    extensions: [],
  })
  return { cert: certificate.toString('pem'), key: String(signingKey.export({ type: 'pkcs8', format: 'pem' })) }
}
