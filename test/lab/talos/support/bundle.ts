import 'reflect-metadata'
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { stringify } from 'yaml'
import type { SigningAuthority } from '#lab/talos/pki.ts'
import { X509Certificate } from 'node:crypto'

/** A cluster's secrets and the configurations made of them, written for these tests and by nobody's generator. */
export interface Bundle {
  readonly os: SigningAuthority
  readonly kubernetes: SigningAuthority
  readonly etcd: SigningAuthority
  readonly aggregator: SigningAuthority
  readonly serviceAccountKey: string
  readonly id: string
  readonly secret: string
  readonly secretbox: string
  readonly machineToken: string
  readonly clusterToken: string
}

const YEAR_MS = 365 * 24 * 3_600_000

export async function authority(
  organization: string,
  kind: 'ed25519' | 'ec',
  usages?: x509.KeyUsageFlags,
  more: readonly x509.Extension[] = [],
): Promise<SigningAuthority> {
  const pair = kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = kind === 'ed25519' ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '1a',
    name: [{ O: [organization] }],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + YEAR_MS),
    signingAlgorithm: algorithm,
    keys: {
      privateKey: pair.privateKey.toCryptoKey(algorithm, true, ['sign']),
      publicKey: pair.publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
    extensions: [
      new x509.KeyUsagesExtension(usages ?? x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.BasicConstraintsExtension(true, undefined, true),
      ...more,
    ],
  })
  const certPem = `${cert.toString('pem')}\n`
  return { certPem, cert: new X509Certificate(certPem), key: pair.privateKey }
}

export async function newBundle(): Promise<Bundle> {
  const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString()
  return {
    os: await authority('talos', 'ed25519'),
    kubernetes: await authority('kubernetes', 'ec'),
    etcd: await authority('etcd', 'ec'),
    aggregator: await authority('', 'ec'),
    serviceAccountKey: base64(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
    id: randomBytes(32).toString('base64'),
    secret: randomBytes(32).toString('base64'),
    secretbox: randomBytes(32).toString('base64'),
    machineToken: 'abcdef.0123456789abcdef',
    clusterToken: 'ghijkl.0123456789abcdef',
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

const pair = (one: SigningAuthority) => ({
  crt: base64(one.certPem),
  // Talos' own label for Ed25519 keys.
  key: base64(
    one.key
      .export({ format: 'pem', type: 'pkcs8' })
      .toString()
      .replaceAll('PRIVATE KEY', one.key.asymmetricKeyType === 'ed25519' ? 'ED25519 PRIVATE KEY' : 'PRIVATE KEY'),
  ),
})
const trust = (one: SigningAuthority) => ({ crt: base64(one.certPem), key: '' })

export interface MachineWish {
  readonly type?: 'controlplane' | 'worker'
  readonly hostname: string
  readonly address: string
  readonly mac: string
  readonly vip?: string
  readonly schedulable?: boolean
  readonly kubernetes?: string
  readonly inlineManifests?: readonly { readonly name: string; readonly contents: string }[]
}

type Document = Record<string, unknown>

/** The documents of one machine; tests bend them before they are written. */
export function machineDocuments(bundle: Bundle, wish: MachineWish): Document[] {
  const type = wish.type ?? 'controlplane'
  const version = wish.kubernetes ?? '1.36.3'
  const isControlPlane = type === 'controlplane'
  const main = {
    version: 'v1alpha1',
    debug: false,
    persist: true,
    machine: {
      type,
      token: bundle.machineToken,
      ca: isControlPlane ? pair(bundle.os) : trust(bundle.os),
      certSANs: [] as string[],
      kubelet: {
        image: `ghcr.io/siderolabs/kubelet:v${version}`,
        defaultRuntimeSeccompProfileEnabled: true,
        disableManifestsDirectory: true,
      },
      features: {
        diskQuotaSupport: true,
        kubePrism: { enabled: true, port: 7445 },
        hostDNS: { enabled: true, forwardKubeDNSToHost: true },
      },
    },
    cluster: {
      id: bundle.id,
      secret: bundle.secret,
      controlPlane: { endpoint: `https://${wish.vip ?? wish.address}:6443` },
      clusterName: 'home',
      network: { dnsDomain: 'cluster.local', podSubnets: ['10.244.0.0/16'], serviceSubnets: ['10.96.0.0/12'] },
      token: bundle.clusterToken,
      ca: isControlPlane ? pair(bundle.kubernetes) : trust(bundle.kubernetes),
      discovery: { enabled: true, registries: { kubernetes: { disabled: true }, service: {} } },
      ...(isControlPlane
        ? {
            secretboxEncryptionSecret: bundle.secretbox,
            aggregatorCA: pair(bundle.aggregator),
            serviceAccount: { key: bundle.serviceAccountKey },
            etcd: { ca: pair(bundle.etcd) },
            apiServer: { image: `registry.k8s.io/kube-apiserver:v${version}` },
            controllerManager: { image: `registry.k8s.io/kube-controller-manager:v${version}` },
            scheduler: { image: `registry.k8s.io/kube-scheduler:v${version}` },
            proxy: { image: `registry.k8s.io/kube-proxy:v${version}` },
            allowSchedulingOnControlPlanes: wish.schedulable ?? true,
            ...(wish.inlineManifests ? { inlineManifests: wish.inlineManifests } : {}),
          }
        : {}),
    },
  }
  const head = { apiVersion: 'v1alpha1' }
  return [
    main,
    { ...head, kind: 'HostnameConfig', auto: 'off', hostname: wish.hostname },
    { ...head, kind: 'LinkAliasConfig', name: 'lan', selector: { match: `mac(link.permanent_addr) == "${wish.mac}"` } },
    {
      ...head,
      kind: 'LinkConfig',
      name: 'lan',
      up: true,
      addresses: [{ address: `${wish.address}/24` }],
      routes: [{ gateway: '192.168.1.1' }],
    },
    { ...head, kind: 'ResolverConfig', nameservers: [{ address: '192.168.1.1' }] },
    { ...head, kind: 'TimeSyncConfig', ntp: { servers: ['time.cloudflare.com'] } },
    ...(isControlPlane && wish.vip !== undefined
      ? [{ ...head, kind: 'Layer2VIPConfig', name: wish.vip, link: 'lan' }]
      : []),
  ]
}

export const toYaml = (documents: readonly Document[]): string => documents.map((one) => stringify(one)).join('---\n')

export const machineConfig = (bundle: Bundle, wish: MachineWish): string => toYaml(machineDocuments(bundle, wish))
