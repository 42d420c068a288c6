import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Socket } from 'node:net'
import { Agent, type buildConnector } from 'undici'
import type { Dialer } from './dialer.ts'

/**
 * HTTP over the dialer: an undici dispatcher whose connections are all opened by the one door to the LAN, with the
 * authority pinned. A request that fails with a `DialError` never left; any other failure may have reached the server.
 */
export interface HttpOptions {
  /** Absent for plain HTTP. */
  readonly tls?: {
    /** PEM of the only authority that is trusted; the system's when absent. */
    readonly ca?: string | undefined
    /** SHA-256 of the certificates that are trusted instead of any authority, as `AB:CD:…`. */
    readonly fingerprints?: readonly string[] | undefined
    readonly cert?: string | undefined
    readonly key?: string | undefined
    /** The name in the certificate when it is not the host of the URL. */
    readonly servername?: string | undefined
  }
  /** Close idle connections after this; default 4 s, under the 5 s after which a Proxmox proxy closes them itself. */
  readonly idleMs?: number | undefined
  /** Upper limit of one answer; default 30 s. */
  readonly timeoutMs?: number | undefined
  /** Per origin; default 8. */
  readonly connections?: number | undefined
  /** After so many requests a connection is replaced by a new one; default never. */
  readonly maxRequests?: number | undefined
}

const IDLE_MS = 4_000
/** The relay between Proxmox nodes gives up after 30 s itself; nobody waits longer for one answer. */
const TIMEOUT_MS = 30_000
const CONNECTIONS = 8
/** Far above any answer we read; a stream that never ends must not fill the memory. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** The connection could not be opened or trusted, so the request was never sent. */
export class DialError extends Error {
  override readonly name = 'DialError'
  /** Somebody answered, with a certificate from an authority that is not trusted here. */
  readonly untrusted: boolean

  constructor(message: string, untrusted = false, options?: ErrorOptions) {
    super(message, options)
    this.untrusted = untrusted
  }
}

/** Source: Node's `tls`, X509 certificate error codes. */
const UNTRUSTED: readonly string[] = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]
const isUntrusted = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && UNTRUSTED.includes(String(error.code))

export function createHttp(dialer: Dialer, options: HttpOptions = {}): Agent {
  return new Agent({
    connect: (target, callback) => {
      open(dialer, target, options).then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(new DialError(messageOf(error), isUntrusted(error), { cause: error }), null),
      )
    },
    connections: options.connections ?? CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: options.idleMs ?? IDLE_MS,
    keepAliveMaxTimeout: options.idleMs ?? IDLE_MS,
    headersTimeout: options.timeoutMs ?? TIMEOUT_MS,
    bodyTimeout: options.timeoutMs ?? TIMEOUT_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
    ...(options.maxRequests === undefined ? {} : { maxRequestsPerClient: options.maxRequests }),
  })
}

async function open(dialer: Dialer, target: buildConnector.Options, options: HttpOptions): Promise<Socket | TLSSocket> {
  const secure = target.protocol === 'https:'
  const socket = await dialer.connect({ host: target.hostname, port: Number(target.port || (secure ? 443 : 80)) })
  return secure ? handshake(socket, target.hostname, options) : socket
}

function handshake(
  socket: Socket,
  host: string,
  { tls = {}, timeoutMs = TIMEOUT_MS }: HttpOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      socket,
      host,
      ALPNProtocols: ['http/1.1'],
      ...(tls.servername ? { servername: tls.servername } : {}),
      ...(tls.ca ? { ca: tls.ca } : {}),
      ...(tls.cert ? { cert: tls.cert } : {}),
      ...(tls.key ? { key: tls.key } : {}),
      // The certificate itself is compared below, before anything is sent.
      ...(tls.fingerprints ? { rejectUnauthorized: false } : {}),
    })
    secured.setTimeout(timeoutMs, () => secured.destroy(new Error(`no TLS handshake with ${host}`)))
    secured.once('error', reject)
    // A peer that hangs up in the middle of the handshake ends the socket without an error.
    secured.once('close', () => reject(new Error(`${host} closed the connection during the TLS handshake`)))
    secured.once('secureConnect', () => {
      secured.setTimeout(0)
      secured.off('error', reject)
      const { fingerprint256 } = secured.getPeerCertificate()
      if (!tls.fingerprints || tls.fingerprints.some((pin) => pin.toUpperCase() === fingerprint256))
        return resolve(secured)
      secured.destroy()
      reject(new Error(`${host} shows the certificate ${fingerprint256}, which is not among those trusted`))
    })
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
