import 'reflect-metadata'
import { createHash, randomUUID, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** The cluster's own authority, valid ten years, as a fresh installation makes it. */
export interface Authority {
  readonly pem: string
  readonly info: CertificateInfo
  readonly name: string
  readonly key: webcrypto.CryptoKey
}

/** The certificate of a host's API, of the authority it was signed by. */
export interface HostCertificates {
  readonly caPem: string
  readonly leafPem: string
  readonly keyPem: string
  readonly info: readonly CertificateInfo[]
  /** SHA-256 of the leaf, as `GET /nodes` shows it. */
  readonly fingerprint: string
}

interface CertificateInfo {
  readonly filename: string
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  readonly notbefore: number
  readonly notafter: number
  readonly pem: string
  readonly san: readonly string[]
  readonly 'public-key-type': string
  readonly 'public-key-bits': number
}

const DAY_MS = 24 * 3600 * 1000
const CA_DAYS = 3650
const LEAF_DAYS = 730
/** Elliptic keys, unlike the real host: they are made in a millisecond and nothing looks at the kind. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function makeAuthority(nowMs: number): Promise<Authority> {
  const begin = new Date(nowMs - DAY_MS)
  const caKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const caName = `CN=Proxmox Virtual Environment, OU=${randomUUID()}, O=PVE Cluster Manager CA`
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: caName,
    notBefore: begin,
    notAfter: new Date(begin.getTime() + CA_DAYS * DAY_MS),
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  return {
    pem: ca.toString('pem'),
    info: infoOf('pve-root-ca.pem', ca, caName, caName, []),
    name: caName,
    key: caKeys.privateKey,
  }
}

/** A host gets a new one by itself when less than two weeks of the old one are left; the authority stays. */
export async function makeCertificates(
  authority: Authority,
  names: { readonly hostName: string; readonly domain: string; readonly lanAddress: string },
  nowMs: number,
): Promise<HostCertificates> {
  const begin = new Date(nowMs - DAY_MS)
  const fqdn = `${names.hostName}.${names.domain}`
  const leafKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const leafName = `OU=PVE Cluster Node, O=Proxmox Virtual Environment, CN=${fqdn}`
  const leaf = await x509.X509CertificateGenerator.create({
    subject: leafName,
    issuer: authority.name,
    notBefore: begin,
    notAfter: new Date(begin.getTime() + LEAF_DAYS * DAY_MS),
    publicKey: leafKeys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: names.lanAddress },
        { type: 'dns', value: names.hostName },
        { type: 'dns', value: fqdn },
      ]),
    ],
  })
  const ipv6Loopback = '0000:0000:0000:0000:0000:0000:0000:0001'
  const san = ['127.0.0.1', ipv6Loopback, 'localhost', names.lanAddress, names.hostName, fqdn]
  const leafInfo = infoOf('pve-ssl.pem', leaf, leafName, authority.name, san)
  const key = await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey)
  return {
    caPem: authority.pem,
    leafPem: leaf.toString('pem'),
    keyPem: x509.PemConverter.encode(key, 'PRIVATE KEY'),
    info: [authority.info, leafInfo],
    fingerprint: leafInfo.fingerprint,
  }
}

function infoOf(
  filename: string,
  certificate: x509.X509Certificate,
  subject: string,
  issuer: string,
  san: readonly string[],
): CertificateInfo {
  const slashed = (name: string): string => `/${name.split(', ').join('/')}`
  const digest = createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex').toUpperCase()
  return {
    filename,
    fingerprint: digest.match(/../g)?.join(':') ?? '',
    subject: slashed(subject),
    issuer: slashed(issuer),
    notbefore: Math.floor(certificate.notBefore.getTime() / 1000),
    notafter: Math.floor(certificate.notAfter.getTime() / 1000),
    pem: certificate.toString('pem'),
    san,
    'public-key-type': 'id-ecPublicKey',
    'public-key-bits': 256,
  }
}
