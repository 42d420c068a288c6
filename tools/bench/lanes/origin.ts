import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'

/** What stands on the LAN behind the lane: small answers, large ones, and how many connections are open to it. */
export interface Origin {
  readonly port: number
  openCount(): number
  close(): Promise<void>
}

const SMALL = JSON.stringify({
  kind: 'Namespace',
  apiVersion: 'v1',
  metadata: { name: 'kube-system', filler: 'x'.repeat(160) },
})
const PIECE = Buffer.alloc(64 * 1024, 7)

export async function startOrigin(): Promise<Origin> {
  const open = new Set<Socket>()
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const bytes = Number(new URL(request.url ?? '/', 'http://origin').searchParams.get('bytes') ?? 0)
    if (bytes === 0) return void response.end(SMALL)
    response.writeHead(200, { 'content-length': bytes })
    let left = bytes
    const more = (): void => {
      while (left > 0) {
        const piece = left >= PIECE.length ? PIECE : PIECE.subarray(0, left)
        left -= piece.length
        if (!response.write(piece)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  })
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    openCount: () => open.size,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
