import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { writePrivate } from '../tunnel/tunnel-record.ts'

/**
 * The key of a person for one cluster and one API: made on this machine, kept in a file only they can read, and never sent
 * anywhere. Kubernetes gets P-256, which every server takes; Talos Ed25519, as its own tools make.
 */
export interface ClientKey {
  /** PKCS#8 PEM. */
  readonly key: string
  /** PKCS#10 PEM. */
  readonly csr: string
}

const KINDS = {
  kubernetes: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  talos: { name: 'Ed25519' },
} as const

export async function requestFor(what: keyof typeof KINDS, keyPath: string): Promise<ClientKey> {
  const key = (await readKey(keyPath)) ?? (await makeKey(what, keyPath))
  // Loaded here: it is slow to start, and most runs need no new certificate.
  await import('reflect-metadata')
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509')
  const algorithm = KINDS[what]
  const privateKey = createPrivateKey(key)
  const { subtle } = webcrypto
  const keys = {
    privateKey: await subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, false, [
      'sign',
    ]),
    publicKey: await subtle.importKey(
      'spki',
      createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  }
  // The name is the agent's to say.
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=lanline',
    keys,
    signingAlgorithm: algorithm,
  })
  return { key, csr: request.toString('pem') }
}

/** A key that others could have read is made anew. */
async function readKey(path: string): Promise<string | undefined> {
  try {
    if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) return undefined
    const text = await readFile(path, 'utf8')
    createPrivateKey(text)
    return text
  } catch {
    return undefined
  }
}

async function makeKey(what: keyof typeof KINDS, path: string): Promise<string> {
  const { privateKey } =
    what === 'kubernetes' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  const text = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writePrivate(path, text)
  return text
}
