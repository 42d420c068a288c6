import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { err, ok, type Result } from '#core/base/result.ts'
import type { LaneTarget } from '#core/protocol/frame-payloads.ts'

/**
 * The loopback proxy that kubectl and talosctl go through: it knows CONNECT to the names of one cluster, and nothing else.
 * It sees TLS and no secret, so that whoever else is on this machine gains nothing by it.
 */
export interface ConnectProxy {
  readonly port: number
  /** Connections that are open now. */
  count(): number
  close(): void
}

export interface ProxyDeps {
  readonly port: number
  /** Says of which cluster this proxy is, to whoever looks whether it runs. */
  readonly clusterUid: string
  readonly targetOf: (authority: string) => Promise<LaneTarget | undefined>
  readonly open: (target: LaneTarget) => Promise<Result<Duplex, string>>
  readonly log: (line: string) => void
}

export const TUNNEL_HEADER = 'x-lanline-tunnel'
const LOOPBACK = '127.0.0.1'
/** kubectl keeps a handful; a port-forward under load some dozens. */
const MAX_CONNECTIONS = 256
const MAX_REASON_CHARS = 300

export async function startConnectProxy(deps: ProxyDeps): Promise<Result<ConnectProxy, string>> {
  const open = new Set<Socket>()
  const server = createServer((_request, response) => {
    response.writeHead(405, { [TUNNEL_HEADER]: deps.clusterUid, allow: 'CONNECT' }).end('CONNECT only\n')
  })
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => undefined)
    const refuse = (status: number, reason: string): void => {
      deps.log(`${request.url ?? ''}: ${status} ${reason}`)
      socket.end(`HTTP/1.1 ${status} ${oneLine(reason)}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    }
    if (open.size > MAX_CONNECTIONS) return refuse(503, 'too many connections through this tunnel')
    connect(deps, request.url ?? '', socket, head, refuse).catch((thrown: unknown) => {
      deps.log(`${request.url ?? ''}: ${String(thrown)}`)
      socket.destroy()
    })
  })
  const listening = await listen(server, deps.port)
  if (!listening.ok) return listening
  return ok({
    port: deps.port,
    count: () => open.size,
    close() {
      server.close()
      server.closeAllConnections()
      for (const socket of open) socket.destroy()
    },
  })
}

async function connect(
  deps: ProxyDeps,
  authority: string,
  socket: Socket,
  head: Buffer,
  refuse: (status: number, reason: string) => void,
): Promise<void> {
  const target = await deps.targetOf(authority)
  if (!target) return refuse(403, `${authority.slice(0, 100)} is not a name of this cluster`)
  const opened = await deps.open(target)
  if (!opened.ok) return refuse(503, opened.error)
  const lane = opened.value
  if (socket.destroyed) return void lane.destroy()
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  if (head.length > 0) socket.unshift(head)
  join(socket, lane)
}

/** Both directions until each has ended; what fails on one side ends the other. */
function join(socket: Socket, lane: Duplex): void {
  socket.allowHalfOpen = true
  socket.setNoDelay(true)
  socket.on('error', () => lane.destroy())
  lane.on('error', () => socket.destroy())
  socket.once('close', () => socket.readableEnded || lane.destroy())
  lane.once('close', () => lane.readableEnded || socket.destroy())
  socket.pipe(lane)
  lane.pipe(socket)
}

function listen(server: Server, port: number): Promise<Result<undefined, string>> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(err(error.message)))
    server.listen(port, LOOPBACK, () => resolve(ok(undefined)))
  })
}

/** Becomes the reason phrase, which kubectl shows to the person. */
const oneLine = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON_CHARS)
