import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signRequest } from '#agent/access/sign-request.ts'
import { createSecretsBundle } from '#agent/vault/create-bundle.ts'
import { requestFor } from '#cli/access/certificate-request.ts'
import type { Role } from '#core/access/role.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

const dir = mkdtempSync(join(tmpdir(), 'lanline-csr-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const nowMs = Date.parse('2026-11-21T12:00:00Z')
let bundle: SecretsBundle
beforeAll(async () => {
  bundle = await createSecretsBundle({
    random: (count) => new Uint8Array(webcrypto.getRandomValues(new Uint8Array(count))),
    nowMs,
    contract: undefined,
  })
})

const wanted = (role: Role, what: 'kubernetes' | 'talos' = 'kubernetes') => ({
  what,
  user: 'lanline:ann',
  role,
  ttlMs: 60_000,
  nowMs,
})

test.each(['reader', 'operator', 'admin'] as const)(
  '[L7] a %s gets the group and the Talos role of that name, and no other',
  async (role) => {
    for (const what of ['kubernetes', 'talos'] as const) {
      const path = join(dir, `${role}-${what}.pem`)
      const { csr } = await requestFor(what, path)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const signed = await signRequest(csr, bundle, wanted(role, what))
      if (!signed.ok) throw new Error(signed.error)
      const certificate = new X509Certificate(signed.value.cert)
      expect(certificate.subject).toBe(what === 'kubernetes' ? `O=lanline:${role}\nCN=lanline:ann` : `O=os:${role}`)
      expect(
        certificate.verify(
          new X509Certificate(Buffer.from((what === 'kubernetes' ? bundle.certs.k8s : bundle.certs.os).crt, 'base64'))
            .publicKey,
        ),
      ).toBe(true)
      expect(Date.parse(certificate.validTo)).toBe(nowMs + 60_000)
      expect(certificate.ca).toBe(false)
    }
  },
)

test('[L7] a name that the request asks for is not believed', async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=admin, O=system:masters',
    keys,
    signingAlgorithm: algorithm,
  })
  const signed = await signRequest(csr.toString('pem'), bundle, wanted('reader'))
  expect(signed.ok && new X509Certificate(signed.value.cert).subject).toBe('O=lanline:reader\nCN=lanline:ann')
})

test('[L7] a request for a key that its sender does not have, or of another kind, is refused', async () => {
  const { csr } = await requestFor('kubernetes', join(dir, 'own.pem'))
  const body = Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  body[body.length - 1] = body.at(-1)! ^ 1
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString('base64')}\n-----END CERTIFICATE REQUEST-----`
  expect((await signRequest(forged, bundle, wanted('admin'))).ok).toBe(false)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const other = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=x', keys, signingAlgorithm: algorithm })
  const refused = await signRequest(other.toString('pem'), bundle, wanted('admin'))
  expect(refused).toEqual({ ok: false, error: 'the key of the request is neither P-256 nor Ed25519' })
})

test('[L7] nothing that is no request is ever signed, and nothing of it throws', async () => {
  const noise = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc
      .uint8Array({ maxLength: 300 })
      .map(
        (bytes) =>
          `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
      ),
  )
  await fc.assert(
    fc.asyncProperty(noise, async (csr) => {
      expect((await signRequest(csr, bundle, wanted('admin'))).ok).toBe(false)
    }),
    { numRuns: 200 },
  )
})
