import 'reflect-metadata'
import { randomBytes, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { issueLeaf, readSigningAuthority, type LeafRequest, type SigningAuthority } from '#lab/talos/pki.ts'
import { readVector } from '#test/support/vectors.ts'
import { authority } from './support/bundle.ts'

const request: LeafRequest = {
  commonName: 'cp-1',
  names: ['192.168.1.51'],
  usage: 'server',
  keyType: 'ed25519',
  lifetimeMs: 3_600_000,
  at: Date.now(),
}

/** OpenSSL's question, which every TLS client asks: names and key identifiers must agree, then the signature. */
async function issuedBy(ca: SigningAuthority): Promise<boolean> {
  const leaf = new X509Certificate((await issueLeaf(ca, request)).certPem)
  return leaf.checkIssued(ca.cert) && leaf.verify(ca.cert.publicKey)
}

describe('a leaf points to its authority', () => {
  test('by the key identifier the authority carries, even a random one', async () => {
    const keyId = randomBytes(20).toString('hex')
    const ca = await authority('talos', 'ed25519', undefined, [new x509.SubjectKeyIdentifierExtension(keyId)])
    const leaf = new x509.X509Certificate((await issueLeaf(ca, request)).certPem)
    expect(leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(keyId)
    expect(await issuedBy(ca)).toBe(true)
  })

  test('by name alone when the authority carries none', async () => {
    expect(await issuedBy(await authority('talos', 'ed25519'))).toBe(true)
  })

  test('for every authority of a bundle that upstream made', async (context) => {
    const Pair = z.object({ crt: z.string(), key: z.string() })
    const secrets = z
      .object({ certs: z.object({ os: Pair, etcd: Pair, k8s: Pair, k8saggregator: Pair }) })
      .parse(parse(readVector('talos/generate/secrets.yaml', context)))
    for (const { crt, key } of Object.values(secrets.certs)) {
      const ca = readSigningAuthority(crt, key, Date.now())
      if (!ca.ok) throw new Error(ca.error)
      expect(await issuedBy(ca.value)).toBe(true)
    }
  })
})
