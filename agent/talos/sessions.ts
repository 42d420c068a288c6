import { createHash, type X509Certificate } from 'node:crypto'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Http2SessionManager } from '@connectrpc/connect-node'
import type { Dialer } from '../dialer.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { DialFailure, dialFailureOf } from './errors.ts'

/**
 * The HTTP/2 connections to one Talos API: dialled when a call needs one, shared by calls, dialled again after a loss.
 * The dialer makes the TCP connection, TLS is spoken over it, and only a verified connection carries a request.
 *
 * Whoever is dialled in maintenance mode cannot prove who it is, but it is held to the certificate it showed first: the
 * machine that named itself is the machine that gets the configuration. A restart makes a new certificate; dial anew then.
 * With a pin, read off the machine's console, it must show that key from the first connection on.
 */
export const TALOS_API_PORT = 50_000

/** Two round trips on a LAN; a node under load of its own boot may need seconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000

type SessionManager = Pick<Http2SessionManager, 'authority' | 'request' | 'notifyResponseByteRead'>

export interface Sessions extends SessionManager {
  /**
   * No new call goes over the present connection; those on it may end. For a peer that went silent: a machine whose
   * power was cut says nothing, and TCP would believe in it for a quarter of an hour.
   */
  renew(): void
  close(): void
}

export function openSessions({
  dialer,
  address,
  credentials,
  spkiPin,
}: {
  readonly dialer: Dialer
  readonly address: string
  readonly credentials: ClientIdentity | 'maintenance'
  /** In maintenance: base64 of the SHA-256 of the key the machine must show, as its console prints it. */
  readonly spkiPin?: string | undefined
}): Sessions {
  const authority = new URL(`https://${address}:${TALOS_API_PORT}`).origin
  const closing = new AbortController()
  let session: ClientHttp2Session | undefined
  let opening: Promise<ClientHttp2Session> | undefined
  let firstFingerprint: string | undefined

  async function open(): Promise<ClientHttp2Session> {
    const socket = await dialer.connect({ host: address, port: TALOS_API_PORT }, closing.signal)
    const tls = await secure(socket, address, credentials)
    if (credentials === 'maintenance') {
      if (spkiPin !== undefined && spkiPinOf(tls.getPeerX509Certificate()) !== spkiPin) {
        tls.destroy()
        throw new DialFailure('other-key')
      }
      const fingerprint = tls.getPeerCertificate().fingerprint256
      firstFingerprint ??= fingerprint
      if (fingerprint !== firstFingerprint) {
        tls.destroy()
        throw new DialFailure('restarted')
      }
    }
    if (closing.signal.aborted) {
      tls.destroy()
      throw new DialFailure('unreachable')
    }
    const opened = connectHttp2(authority, { createConnection: () => tls })
    // Each stream learns of the loss by itself; without a listener Node would end the process.
    opened.on('error', () => opened.destroy())
    opened.once('close', () => {
      if (session === opened) session = undefined
    })
    session = opened
    return opened
  }

  return {
    authority,
    async request(method, path, headers, options) {
      if (closing.signal.aborted) throw new DialFailure('unreachable', new Error('the connection was closed'))
      if (!session || session.closed || session.destroyed) {
        session = undefined
        opening ??= open().finally(() => (opening = undefined))
      }
      try {
        const live = session ?? (await opening!)
        return live.request({ ...headers, ':method': method, ':path': path }, options)
      } catch (cause) {
        // Nothing was sent yet, whatever went wrong: callers rely on it to tell a refusal from an unknown outcome.
        throw cause instanceof DialFailure ? cause : dialFailureOf(cause)
      }
    },
    notifyResponseByteRead() {},
    renew() {
      session?.close()
      session = undefined
    },
    close() {
      closing.abort()
      session?.destroy()
      session = undefined
    },
  }
}

function spkiPinOf(certificate: X509Certificate | undefined): string | undefined {
  const key = certificate?.publicKey.export({ type: 'spki', format: 'der' })
  return key && createHash('sha256').update(key).digest('base64')
}

function secure(socket: Socket, address: string, credentials: ClientIdentity | 'maintenance'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      // Talos certificates carry the node's addresses; Node checks this host against them.
      host: address,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.2',
      ...(credentials === 'maintenance'
        ? { rejectUnauthorized: false }
        : { ca: credentials.ca, cert: credentials.cert, key: credentials.key.reveal() }),
    })
    const timer = setTimeout(() => {
      tls.destroy(new DialFailure('unreachable', new Error('no TLS handshake in time')))
    }, HANDSHAKE_TIMEOUT_MS)
    tls.once('error', (cause) => {
      clearTimeout(timer)
      reject(dialFailureOf(cause))
    })
    // A node that reboots in the middle of a handshake may end the socket without an error.
    tls.once('close', () => {
      clearTimeout(timer)
      reject(new DialFailure('unreachable'))
    })
    tls.once('secureConnect', () => {
      clearTimeout(timer)
      if (tls.alpnProtocol === 'h2') return resolve(tls)
      tls.destroy()
      reject(new DialFailure('not-talos'))
    })
  })
}
