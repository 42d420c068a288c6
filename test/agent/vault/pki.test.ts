import 'reflect-metadata'
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto'
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { readVector } from '#test/support/vectors.ts'
import { mintKubernetesClient, mintTalosClient } from '#agent/vault/mint.ts'
import { createAuthority, pairMatches, pemOf } from '#agent/vault/pki.ts'
import { parseSecretsBundle, SecretsBundle } from '#core/talos/secrets-bundle.ts'

const HOUR_MS = 3_600_000
const NOW = Date.now()

let bundle: SecretsBundle
beforeAll(async () => {
  bundle = await aBundle()
})

const certificate = (text: string) => new X509Certificate(text.startsWith('-----') ? text : pemOf(text))

describe('authorities', () => {
  test('each is a self-signed authority of ten years with its own key under the label Talos writes', () => {
    const { etcd, k8s, k8saggregator, os } = bundle.certs
    const labels: [typeof etcd, string, string][] = [
      [etcd, 'O=etcd', 'EC PRIVATE KEY'],
      [k8s, 'O=kubernetes', 'EC PRIVATE KEY'],
      [os, 'O=talos', 'ED25519 PRIVATE KEY'],
    ]
    for (const [pair, subject, label] of labels) {
      const { subject: actual, issuer, ca } = certificate(pair.crt)
      expect({ actual, issuer, ca }).toEqual({ actual: subject, issuer: subject, ca: true })
      expect(pemOf(pair.key)).toMatch(new RegExp(`^-----BEGIN ${label}-----\n`))
      expect(pairMatches(pair)).toBe(true)
    }
    expect(certificate(k8saggregator.crt).subject ?? '').toBe('')
    expect(pairMatches(k8saggregator)).toBe(true)
    expect(pairMatches({ crt: etcd.crt, key: k8s.key })).toBe(false)
    const years = (certificate(os.crt).validToDate.getTime() - NOW) / (8760 * HOUR_MS)
    expect(years).toBeCloseTo(10, 1)
  })

  test('it has the extensions upstream writes, in upstream’s order', (context) => {
    const secrets = readVector('talos/generate/secrets.yaml', context)
    const upstream = parseSecretsBundle(secrets)
    if (!upstream.ok) throw new Error('the vector does not load')
    for (const name of ['etcd', 'k8s', 'k8saggregator', 'os'] as const)
      expect(extensionsOf(bundle.certs[name].crt)).toEqual(extensionsOf(upstream.value.certs[name].crt))
  })

  test('its validity begins a little in the past, for clocks that lag', async () => {
    const pair = await createAuthority('ec', 'etcd', NOW)
    expect(NOW - certificate(pair.crt).validFromDate.getTime()).toBeGreaterThan(4 * 60_000)
  })
})

describe('client certificates', () => {
  test('a Talos client proves its roles to the OS authority with clientAuth and nothing else', async () => {
    const identity = await mintTalosClient(bundle, ['os:reader', 'os:admin'], HOUR_MS, NOW)
    const leaf = certificate(identity.cert)
    expect(leaf.checkIssued(certificate(bundle.certs.os.crt))).toBe(true)
    expect(leaf.verify(certificate(bundle.certs.os.crt).publicKey)).toBe(true)
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(leaf.subject.split(/ \+ |\n/)).toEqual(['O=os:admin', 'O=os:reader'])
    expect(leaf.ca).toBe(false)
    expect(Math.abs(identity.expiresAt - NOW - HOUR_MS)).toBeLessThan(1000)
    expect(leaf.validToDate.getTime()).toBe(identity.expiresAt)
    expect(identity.ca).toBe(pemOf(bundle.certs.os.crt))
  })

  test('a Kubernetes client has its name and groups', async () => {
    const identity = await mintKubernetesClient(bundle, { user: 'ana@example.com', groups: ['b', 'a'] }, HOUR_MS, NOW)
    const leaf = certificate(identity.cert)
    expect(leaf.checkIssued(certificate(bundle.certs.k8s.crt))).toBe(true)
    expect(leaf.subject.split(/ \+ |\n/)).toEqual(['O=a', 'O=b', 'CN=ana@example.com'])
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  })

  test('it never outlives its authority', async () => {
    const identity = await mintTalosClient(bundle, ['os:admin'], 100 * 8760 * HOUR_MS, NOW)
    expect(identity.expiresAt).toBe(certificate(bundle.certs.os.crt).validToDate.getTime())
  })

  test('upstream’s own authorities sign with the same issuer bytes', async (context) => {
    const secrets = readVector('talos/generate/secrets.yaml', context)
    const upstream = parseSecretsBundle(secrets)
    if (!upstream.ok) throw new Error('the vector does not load')
    const talos = await mintTalosClient(upstream.value, ['os:admin'], HOUR_MS, NOW)
    const kubernetes = await mintKubernetesClient(upstream.value, { user: 'admin', groups: ['g'] }, HOUR_MS, NOW)
    expect(nameBytes(talos.cert, 'issuer')).toEqual(nameBytes(upstream.value.certs.os.crt, 'subject'))
    expect(nameBytes(kubernetes.cert, 'issuer')).toEqual(nameBytes(upstream.value.certs.k8s.crt, 'subject'))
    expect(certificate(talos.cert).checkIssued(certificate(upstream.value.certs.os.crt))).toBe(true)
  })

  test.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['ECDSA P-384', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey],
  ])('an authority of %s that people bring along signs them too', async (_, makeKey) => {
    const key = makeKey().export({ type: 'pkcs8', format: 'pem' }).toString()
    const { crt } = await aForeignAuthority(key)
    const k8s = { crt, key: Buffer.from(key).toString('base64') }
    const foreign = { ...bundle, certs: { ...bundle.certs, k8s } }
    expect(SecretsBundle.safeParse(foreign).success).toBe(true)
    const identity = await mintKubernetesClient(foreign, { user: 'ana', groups: ['g'] }, HOUR_MS, NOW)
    expect(certificate(identity.cert).verify(certificate(crt).publicKey)).toBe(true)
  })

  test('its key cannot be printed by accident', async () => {
    const identity = await mintTalosClient(bundle, ['os:admin'], HOUR_MS, NOW)
    expect(JSON.stringify(identity)).not.toContain('PRIVATE KEY')
    expect(identity.key.reveal()).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })
})

/** A self-signed authority around a key of any kind. */
async function aForeignAuthority(pem: string): Promise<{ readonly crt: string }> {
  const key = createPrivateKey(pem)
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
  const { subtle } = webcrypto
  const privateKey = await subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, true, [
    'sign',
  ])
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const publicKey = await subtle.importKey('spki', spki, algorithm, true, ['verify'])
  const made = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: ['home'] }],
    notBefore: new Date(NOW - HOUR_MS),
    notAfter: new Date(NOW + 24 * HOUR_MS),
    signingAlgorithm: algorithm,
    keys: { privateKey, publicKey },
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  })
  return { crt: Buffer.from(`${made.toString('pem')}\n`).toString('base64') }
}

/** Children of a DER value that is a sequence, as [tag, content start, end]. */
function children(
  der: Uint8Array,
  start: number,
  end: number,
): { tag: number; from: number; at: number; to: number }[] {
  const found = []
  for (let at = start; at < end;) {
    const lengthByte = der[at + 1]!
    const lengthBytes = lengthByte & 0x80 ? lengthByte & 0x7f : 0
    let length = lengthBytes ? 0 : lengthByte
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + der[at + 2 + i]!
    const content = at + 2 + lengthBytes
    found.push({ tag: der[at]!, from: at, at: content, to: content + length })
    at = content + length
  }
  return found
}

/** TBSCertificate: version, serial, algorithm, issuer, validity, subject, key, extensions. */
function fields(text: string) {
  const der = new Uint8Array(certificate(text).raw)
  const [outer] = children(der, 0, der.length)
  const [body] = children(der, outer!.at, outer!.to)
  return { der, parts: children(der, body!.at, body!.to) }
}

function nameBytes(text: string, which: 'issuer' | 'subject'): string {
  const { der, parts } = fields(text)
  const part = parts[which === 'issuer' ? 3 : 5]!
  return Buffer.from(der.subarray(part.from, part.to)).toString('hex')
}

/** Object identifier and criticality of each extension, in order; the value too, except for random key ids. */
function extensionsOf(text: string): string[] {
  const { der, parts } = fields(text)
  const wrapper = parts.find((part) => part.tag === 0xa3)!
  const [list] = children(der, wrapper.at, wrapper.to)
  return children(der, list!.at, list!.to).map((extension) => {
    const members = children(der, extension.at, extension.to)
    const hex = members.map((member) => Buffer.from(der.subarray(member.from, member.to)).toString('hex'))
    return hex[0] === '0603551d0e' ? 'subject key identifier' : hex.join(' ')
  })
}
