import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'
import { ok } from '#core/base/result.ts'
import type { GuestFacts } from '#agent/doctor/facts/guests.ts'
import type { StorageFacts } from '#agent/doctor/facts/storages.ts'
import type { Finding } from '#agent/doctor/finding.ts'
import type { CertificateFacts, EndpointFacts } from '#agent/doctor/probe/endpoint.ts'

/** Facts as a healthy site has them; a test names only what is wrong. */
export const NOW = Date.parse('2026-11-21T12:00:00Z')
export const DAY_MS = 24 * 3_600_000
export const GIB = 1024 ** 3

export const aCertificate = (changed: Partial<CertificateFacts> = {}): CertificateFacts => ({
  subject: 'CN=pve1.lan',
  issuer: 'CN=Proxmox Virtual Environment, O=PVE Cluster Manager CA',
  names: ['127.0.0.1', 'localhost', '192.168.1.10', 'pve1', 'pve1.lan'],
  beginsAt: NOW - 300 * DAY_MS,
  endsAt: NOW + 430 * DAY_MS,
  authority: false,
  fingerprint: 'AA:BB',
  ...changed,
})

/** PEM of an authority that ends then. */
export async function anAuthority(endsAt: number): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Proxmox Virtual Environment',
    notBefore: new Date(NOW - DAY_MS),
    notAfter: new Date(endsAt),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  })
  return made.toString('pem')
}

export const anEndpoint = (distrust?: string, leaf: Partial<CertificateFacts> = {}): EndpointFacts => ({
  endpoint: 'https://pve1.lan:8006',
  host: 'pve1.lan',
  port: 8006,
  resolved: ok(['192.168.1.10']),
  connected: ok(undefined),
  tls: ok({ distrust, leaf: aCertificate(leaf) }),
})

export const aStorage = (changed: Partial<StorageFacts> = {}): StorageFacts => ({
  host: 'pve1',
  name: 'local',
  type: 'dir',
  content: ['import', 'iso', 'vztmpl'],
  active: true,
  shared: false,
  totalBytes: 100 * GIB,
  freeBytes: 60 * GIB,
  hangs: false,
  ...changed,
})

export const aGuest = (changed: Partial<GuestFacts> = {}): GuestFacts => ({
  kind: 'qemu',
  host: 'pve1',
  vmid: 5000,
  name: 'cp-1',
  running: true,
  ours: true,
  uuid: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001',
  macs: ['02:54:41:00:00:01'],
  lock: undefined,
  nics: [{ key: 'net0', settings: { virtio: '02:54:41:00:00:01', bridge: 'vmbr0' } }],
  mappings: [],
  ...changed,
})

/** `level code` of what is not in order, so that a test compares whole lists. */
export const complaints = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`)

/** The one finding that is not in order. */
export function onlyComplaint(findings: readonly Finding[]): Finding {
  const [first, ...others] = findings.filter(({ level }) => level !== 'ok')
  if (!first || others.length > 0) throw new Error(`not one complaint: ${JSON.stringify(findings)}`)
  return first
}
