import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Secret } from '#core/base/secret.ts'
import { createDialer } from '#agent/dialer.ts'
import { createProxmoxHttp, type ProxmoxHttp } from '#agent/providers/proxmox/http.ts'
import { createProxmoxProvider } from '#agent/providers/proxmox/provider.ts'
import type { Provider } from '#agent/providers/provider.ts'
import { fastClock } from '#test/support/step-journal.ts'

/**
 * A Proxmox that answers what a test tells it, in the manner of the real one: `{data}`, or a status whose reason phrase
 * says what is wrong. For what the lab does not do, and for answers as they were recorded.
 */
export interface Said {
  readonly status?: number
  readonly reason?: string
  readonly data?: unknown
  readonly errors?: Readonly<Record<string, string>>
  /** Sent as it is, in place of JSON. */
  readonly raw?: string
}

export interface Asked {
  readonly method: string
  /** Below `/api2/json`, decoded. */
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Which connection it came over, counted from 1. */
  readonly connection: number
}

/** Undefined: the connection is broken without an answer. */
export type Script = (asked: Asked) => Said | undefined

export interface ScriptedHost {
  readonly url: string
  readonly asked: readonly Asked[]
  readonly http: ProxmoxHttp
  readonly provider: Provider
  close(): Promise<void>
}

const ACCESS = { tokenId: 'lanline@pve!agent', tokenSecret: new Secret('00000000-0000-4000-8000-000000000000') }

export async function listen(script: Script): Promise<{ server: Server; url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const connections = new Map<unknown, number>()
  const server = createServer((request, response) => {
    if (!connections.has(request.socket)) connections.set(request.socket, connections.size + 1)
    void read(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://host')
      const params = new URLSearchParams(url.search || body.toString('latin1'))
      const call = {
        method: request.method ?? '',
        path: decodeURIComponent(url.pathname.replace(/^\/api2\/json/, '')),
        params: Object.fromEntries(params),
        headers: request.headers,
        body,
        connection: connections.get(request.socket) ?? 0,
      }
      asked.push(call)
      answer(response, script(call))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export async function startScripted(script: Script, moreEndpoints: readonly string[] = []): Promise<ScriptedHost> {
  const { server, url, asked } = await listen(script)
  const access = { ...ACCESS, endpoints: [url, ...moreEndpoints] }
  const http = createProxmoxHttp(access, createDialer())
  const provider = createProxmoxProvider({ ...access, pool: 'lanline', clock: fastClock, dialer: createDialer() })
  return {
    url,
    asked,
    http,
    provider,
    async close() {
      await Promise.all([http.close(), provider.close()])
      await stop(server)
    },
  }
}

export const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  })

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function answer(response: ServerResponse, said: Said | undefined): void {
  if (!said) return void response.socket?.destroy()
  const status = said.status ?? 200
  response.statusCode = status
  response.statusMessage = said.reason ?? (status === 200 ? 'OK' : '')
  const body = { data: said.data ?? null, ...(said.errors ? { errors: said.errors } : {}) }
  response.end(said.raw ?? JSON.stringify(body))
}

/** What a test says by `METHOD /path`; `*` at the end stands for anything. What nobody says is as Proxmox says it. */
export const byPath =
  (answers: Readonly<Record<string, Said | ((asked: Asked) => Said | undefined)>>): Script =>
  (asked) => {
    const key = `${asked.method} ${asked.path}`
    const found = Object.entries(answers).find(([pattern]) =>
      pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern,
    )?.[1]
    if (found) return typeof found === 'function' ? found(asked) : found
    const vm = /^\/nodes\/([^/]+)\/qemu\/(\d+)\//.exec(asked.path)
    const reason = vm
      ? `Configuration file 'nodes/${vm[1]}/qemu-server/${vm[2]}.conf' does not exist`
      : `Method '${key}' not implemented`
    return { status: vm ? 500 : 501, reason }
  }
