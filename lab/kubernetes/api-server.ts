import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { LabTime } from '#lab/time.ts'
import type { Leaf } from '../talos/pki.ts'
import { answer, type Asked } from './answer.ts'
import type { KubernetesCluster } from './cluster.ts'
import { createLiveApi } from './live/serve-live.ts'
import { ANONYMOUS, type User } from './rbac.ts'
import { invalid, statusBody, UNAUTHORIZED } from './status.ts'

/**
 * One kube-apiserver: TLS with the cluster's own authority, client certificates for names and groups, and the cluster's
 * shared objects behind it. It keeps nothing itself, so it can die at any moment.
 */
export interface ApiServer {
  readonly port: number
  close(): Promise<void>
}

export interface ApiServerOptions {
  readonly cluster: KubernetesCluster
  readonly serving: Leaf
  /** Clients' certificates must chain to this. */
  readonly clientCaPem: string
  readonly kubernetesVersion: () => string
  readonly time: LabTime
}

/** Bodies here are single objects. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const live = createLiveApi(options.cluster, () => options.time.now())
  const server = createServer(
    {
      key: options.serving.keyPem,
      cert: options.serving.certPem,
      ca: options.clientCaPem,
      requestCert: true,
      // A certificate of another authority is answered with 401, not with a broken handshake.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    },
    (request, response) => void serve(request, response),
  )

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined)
    const url = new URL(request.url ?? '/', 'https://kubernetes')
    const user = identify(request)
    if (live.serve(request, response, { user, impersonate: impersonated(request) })) return
    const body = await readBody(request)
    const asked: Asked = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      accept: request.headers.accept ?? '',
      contentType: request.headers['content-type'] ?? '',
      impersonate: impersonated(request),
      body,
    }
    const given =
      body === undefined
        ? { status: 413, body: statusBody(invalid('request body too large')) }
        : user === undefined
          ? { status: 401, body: statusBody(UNAUTHORIZED) }
          : answer(options, user, asked)
    if ('follow' in given) {
      response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
      response.flushHeaders()
      const stop = given.follow(
        (line) => response.write(`${JSON.stringify(line)}\n`),
        () => response.end(),
      )
      response.on('close', stop)
      return
    }
    const isText = typeof given.body === 'string'
    response.writeHead(given.status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' })
    response.end(isText ? given.body : JSON.stringify(given.body))
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.on('tlsClientError', () => undefined)
  // An upgraded connection is no longer the server's own: it is ended with it.
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', () => undefined)
    live.upgrade(request, socket, head, { user: identify(request), impersonate: impersonated(request) })
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      for (const socket of upgraded) socket.destroy()
      await closed
    },
  }
}

/** Undefined when credentials were given and are not good; nobody in particular when none were. */
function identify(request: IncomingMessage): User | undefined {
  // No token authenticator knows any token here.
  if (request.headers.authorization !== undefined) return undefined
  const socket = request.socket as TLSSocket
  const certificate = socket.getPeerCertificate()
  if (Object.keys(certificate).length === 0) return ANONYMOUS
  if (!socket.authorized) return undefined
  const groups = certificate.subject.O as string | readonly string[] | undefined
  return {
    name: String(certificate.subject.CN ?? ''),
    groups: [...(groups === undefined ? [] : typeof groups === 'string' ? [groups] : groups), 'system:authenticated'],
  }
}

function impersonated(request: IncomingMessage): User | undefined {
  const name = request.headers['impersonate-user']
  if (typeof name !== 'string') return undefined
  const groups = request.headersDistinct['impersonate-group'] ?? []
  return { name, groups: [...groups, 'system:authenticated'] }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_BODY_BYTES) return undefined
      chunks.push(chunk)
    }
  } catch {
    // The caller is gone; nobody will read the answer.
    return ''
  }
  return Buffer.concat(chunks).toString('utf8')
}
