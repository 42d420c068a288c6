import 'reflect-metadata'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from '@peculiar/x509'
import { afterAll, describe, expect, test } from 'vitest'
import { createSecretsBundle } from '#agent/vault/create-bundle.ts'
import { kubeconfigYaml, mintKubernetesClient, mintTalosClient, talosconfigYaml } from '#agent/vault/mint.ts'
import { pemOf } from '#agent/vault/pki.ts'
import { invariant } from '#core/base/invariant.ts'
import { formatSecretsBundle, parseSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { servingCertificate } from '#test/support/serving-certificate.ts'
import { askPeer, PEERS, print } from './peer.ts'

/**
 * Secrets, certificates and the files of clients both ways: what Talos' own library makes is read here, what is made here
 * is read there, and the certificates of both are alike field by field.
 */
const HOUR_MS = 3_600_000
const ADDRESS = '127.0.0.1'
const AUTHORITIES = ['etcd', 'k8s', 'k8saggregator', 'os'] as const

/** Of what a certificate says: random or dated values by their size, the rest as it is. */
function fieldsOf(pem: string) {
  const certificate = new X509Certificate(pem)
  const hex = (bytes: ArrayBuffer) => Buffer.from(bytes).toString('hex')
  return {
    subject: hex(certificate.subjectName.toArrayBuffer()),
    issuer: hex(certificate.issuerName.toArrayBuffer()),
    signature: certificate.signatureAlgorithm,
    key: certificate.publicKey.algorithm,
    hours: Math.round((certificate.notAfter.getTime() - certificate.notBefore.getTime()) / HOUR_MS),
    serialFits: BigInt(`0x${certificate.serialNumber}`) < 2n ** 128n,
    extensions: certificate.extensions.map(({ type, critical, value }) => ({
      type,
      critical,
      // The identifiers of keys: 2.5.29.14 is the subject's, 2.5.29.35 the authority's.
      value: ['2.5.29.14', '2.5.29.35'].includes(type) ? value.byteLength : hex(value),
    })),
  }
}

const labelsOf = (pem: string): readonly string[] =>
  [...pem.matchAll(/-----BEGIN ([^-]+)-----/g)].map(([, name]) => name!)

const kubectl = (args: readonly string[]) =>
  new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((resolve) => {
    execFile('kubectl', args, { encoding: 'utf8' }, (error, out, err) => {
      resolve({ code: error ? 1 : 0, out, err })
    })
  })

const newBundle = (contract: '1.12' | '1.13' | '1.14'): Promise<SecretsBundle> =>
  createSecretsBundle({
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    nowMs: Date.now(),
    contract,
  })

describe.each(PEERS)('$variable', ({ program, library }) => {
  const ask = (request: object): string => {
    const [answer] = askPeer(program ?? '', [{ Contract: library, ...request }])
    expect(answer?.Err).toBe('')
    return answer?.Out ?? ''
  }

  test('bundles are read in both directions and have the same form', { timeout: 120_000 }, async ({ skip }) => {
    if (program === undefined) return skip('needs test/extra/talos-generate')
    const ours = await newBundle(library)
    ask({ Op: 'secrets', Text: formatSecretsBundle(ours) })
    const text = ask({ Op: 'bundle' })
    const read = parseSecretsBundle(text)
    invariant(read.ok, 'a bundle of upstream is read')
    const theirs = read.value
    ask({ Op: 'secrets', Text: formatSecretsBundle(theirs) })
    const form = (bundle: SecretsBundle) => ({
      names: Object.entries(bundle).map(([name, members]) => [name, Object.keys(members)]),
      id: bundle.cluster.id.length,
      secret: bundle.cluster.secret.length,
      serviceAccount: labelsOf(pemOf(bundle.certs.k8sserviceaccount.key)),
      keys: AUTHORITIES.map((name) => labelsOf(pemOf(bundle.certs[name].key))),
    })
    expect(form(ours)).toEqual(form(theirs))
    const fields = ({ certs }: SecretsBundle) => AUTHORITIES.map((name) => fieldsOf(pemOf(certs[name].crt)))
    expect(fields(ours)).toEqual(fields(theirs))
    print(
      `extra: Talos ${library}: a bundle of each side is read by the other, ${AUTHORITIES.length} authorities alike`,
    )
  })

  test('an administrator’s certificate of upstream is like ours', { timeout: 120_000 }, async ({ skip }) => {
    if (program === undefined) return skip('needs test/extra/talos-generate')
    const bundle = await newBundle(library)
    const theirs = ask({ Op: 'client', Text: formatSecretsBundle(bundle) })
    const { cert, key } = await mintTalosClient(bundle, ['os:etcd:backup', 'os:admin'], 8760 * HOUR_MS, Date.now())
    const mine = fieldsOf(cert)
    const other = fieldsOf(/-----BEGIN CERTIFICATE-----[^]*/.exec(theirs)?.[0] ?? '')
    // Ours begin a little earlier, for clocks that are late.
    expect(Math.abs(mine.hours - other.hours)).toBeLessThanOrEqual(1)
    expect({ ...mine, hours: 0 }).toEqual({ ...other, hours: 0 })
    // Of keys Talos reads both labels; ours is the one that Node reads, too.
    expect(labelsOf(theirs)).toEqual(['ED25519 PRIVATE KEY', 'CERTIFICATE'])
    expect(labelsOf(`${key.reveal()}${cert}`)).toEqual(['PRIVATE KEY', 'CERTIFICATE'])
  })

  test('a talosconfig of ours is read', { timeout: 120_000 }, async ({ skip }) => {
    if (program === undefined) return skip('needs test/extra/talos-generate')
    const identity = await mintTalosClient(await newBundle(library), ['os:reader'], HOUR_MS, Date.now())
    for (const nodes of [undefined, ['10.0.0.5']]) {
      const file = talosconfigYaml({ clusterName: 'home', endpoints: ['10.0.0.5', 'fd00::1'], nodes, identity })
      const [answer] = askPeer(program, [{ Op: 'talosconfig', Text: file.reveal() }])
      expect(answer).toMatchObject({ Err: '' })
    }
  })
})

/** client-go reads the file, and speaks to a server of the cluster's authority that asks for a certificate of it. */
const KUBECTL = spawnSync('kubectl', ['version', '--client']).status === 0
if (!KUBECTL) print('extra: there is no kubectl; no kubeconfig was read by it')

describe.skipIf(!KUBECTL)('kubectl', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-kubeconfig-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  test('speaks with a kubeconfig of ours as its user', { timeout: 120_000 }, async () => {
    const bundle = await newBundle('1.13')
    const serving = await servingCertificate({ authority: bundle.certs.k8s, addresses: [ADDRESS] })
    const seen = new Set<string>()
    const options = { ...serving, ca: pemOf(bundle.certs.k8s.crt), requestCert: true, rejectUnauthorized: true }
    const server = createServer(options, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate()
      seen.add(`${String(subject.CN)} ${String(subject.O)}`)
      response.setHeader('content-type', 'application/json')
      response.end('{"major":"1","minor":"36"}')
    })
    await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve))
    try {
      const { port } = server.address() as AddressInfo
      const identity = await mintKubernetesClient(
        bundle,
        { user: 'ana', groups: ['lanline:admin'] },
        HOUR_MS,
        Date.now(),
      )
      const file = join(dir, 'kubeconfig')
      const text = kubeconfigYaml({ clusterName: 'home', server: `https://${ADDRESS}:${port}`, user: 'ana', identity })
      writeFileSync(file, text.reveal(), { mode: 0o600 })
      const said = await kubectl(['--kubeconfig', file, 'get', '--raw', '/version'])
      expect(said).toEqual({ code: 0, out: '{"major":"1","minor":"36"}', err: '' })
      expect([...seen]).toEqual(['ana lanline:admin'])
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
