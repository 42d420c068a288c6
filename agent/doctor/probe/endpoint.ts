import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Dialer } from '../../dialer.ts'
import { within } from './within.ts'

/** How far one gets towards an endpoint, name by name and layer by layer. No request is sent. */
export interface EndpointFacts {
  readonly endpoint: string
  readonly host: string
  readonly port: number
  /** Addresses of the name; a literal address and a name that the jump host resolves are not looked up. */
  readonly resolved: Result<readonly string[], string>
  readonly connected: Result<void, string>
  /** Absent when there was nothing to shake hands with. */
  readonly tls?: Result<TlsFacts, TlsFailure>
}

export interface TlsFailure {
  /** Something was said that is not TLS; else the connection was cut or stayed silent. */
  readonly otherLanguage: boolean
  readonly text: string
}

export interface TlsFacts {
  /** Undefined: trusted, and the name is in the certificate. Else the code that Node gives. */
  readonly distrust: string | undefined
  readonly leaf: CertificateFacts
}

export interface CertificateFacts {
  readonly subject: string
  readonly issuer: string
  /** Names and addresses that it is good for. */
  readonly names: readonly string[]
  readonly beginsAt: number
  readonly endsAt: number
  readonly authority: boolean
  /** SHA-256, upper case, as Proxmox writes it. */
  readonly fingerprint: string
}

export interface EndpointProbe {
  readonly dialer: Dialer
  readonly clock: Clock
  readonly caPem?: string | undefined
  /** Names are resolved by the jump host, not here. */
  readonly throughProxy: boolean
}

const PROXMOX_PORT = 8006
/** A LAN answers each of these in milliseconds. */
const STEP_LIMIT_MS = 10_000

export async function probeEndpoint(endpoint: string, probe: EndpointProbe): Promise<EndpointFacts> {
  const url = new URL(endpoint)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : PROXMOX_PORT))
  const place = { endpoint, host, port }
  const resolved = await resolve(host, probe)
  if (!resolved.ok) return { ...place, resolved, connected: err('its name has no address') }
  const socket = await within(probe.clock, STEP_LIMIT_MS, (signal) => probe.dialer.connect({ host, port }, signal))
  if (!socket.ok) return { ...place, resolved, connected: socket }
  const shaken = await within(probe.clock, STEP_LIMIT_MS, () => shakeHands(socket.value, host, probe.caPem))
  socket.value.destroy()
  const tls = shaken.ok ? shaken.value : err({ otherLanguage: false, text: shaken.error })
  return { ...place, resolved, connected: ok(undefined), tls }
}

function shakeHands(socket: Socket, host: string, caPem: string | undefined): Promise<Result<TlsFacts, TlsFailure>> {
  return new Promise((settle) => {
    const fail = (text: string, code = ''): void =>
      settle(err({ otherLanguage: /^(EPROTO|ERR_SSL_)/.test(code), text }))
    const secured = connectTls({
      socket,
      host,
      ...(isIP(host) ? {} : { servername: host }),
      ALPNProtocols: ['http/1.1'],
      // Looked at, not used: nothing is sent, and what is wrong with it is the finding.
      rejectUnauthorized: false,
      ...(caPem === undefined ? {} : { ca: caPem }),
    })
    secured.once('error', (error: NodeJS.ErrnoException) => fail(error.message, error.code))
    secured.once('close', () => fail('the connection was closed during the TLS handshake'))
    secured.once('secureConnect', () => {
      const leaf = secured.getPeerX509Certificate()
      if (!leaf) return fail('no certificate was shown')
      // Node types it as an Error; it is the code as text.
      const distrust: unknown = secured.authorized ? undefined : secured.authorizationError
      const code = typeof distrust === 'string' ? distrust : distrust instanceof Error ? distrust.message : undefined
      settle(ok({ distrust: code, leaf: certificateFacts(leaf) }))
    })
  })
}

async function resolve(host: string, probe: EndpointProbe): Promise<Result<readonly string[], string>> {
  if (isIP(host) || probe.throughProxy) return ok([])
  const found = await within(probe.clock, STEP_LIMIT_MS, () => lookup(host, { all: true }))
  return found.ok ? ok(found.value.map(({ address }) => address)) : found
}

export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    subject: certificate.subject.replaceAll('\n', ', '),
    issuer: certificate.issuer.replaceAll('\n', ', '),
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''))
      .filter((name) => name !== ''),
    beginsAt: Date.parse(certificate.validFrom),
    endsAt: Date.parse(certificate.validTo),
    authority: certificate.ca,
    fingerprint: certificate.fingerprint256,
  }
}

/** The certificates of a PEM text; those that cannot be read are left out. */
export function certificatesOf(pem: string): readonly CertificateFacts[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap((block) => {
    try {
      return [certificateFacts(new X509Certificate(block))]
    } catch {
      return []
    }
  })
}
