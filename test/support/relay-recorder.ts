import { once } from 'node:events'
import {
  createServer,
  request as send,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { SUBPROTOCOL } from '#core/protocol/version.ts'

/**
 * A loopback relay in front of the relay, on which an agent enrols and connects as if it were the real one. It changes
 * nothing: the `Host` it is called by goes on, so that the relay finds its own origin in the agent's door tokens. All
 * that passes is written down.
 */
export interface RelayRecorder {
  readonly url: string
  readonly frames: readonly RecordedFrame[]
  /** Request and response of each HTTP call, heads and bodies. */
  readonly calls: readonly string[]
  /** Says something in the name of the other side, on the newest socket. */
  slipIn(direction: Direction, frame: string): void
  close(): Promise<void>
}

export type Direction = 'up' | 'down'

export interface RecordedFrame {
  readonly direction: Direction
  readonly text: string
}

export async function startRelayRecorder(relayUrl: string): Promise<RelayRecorder> {
  const relay = new URL(relayUrl)
  const frames: RecordedFrame[] = []
  const calls: string[] = []
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  let newest: Record<Direction, WebSocket> | undefined

  const server = createServer((request, response) => {
    passOn(request, response, relay, calls).catch((thrown: unknown) => response.destroy(thrown as Error))
  })
  server.on('upgrade', (request, socket, head) => {
    calls.push(headOf(request.url ?? '', request.headers))
    // The relay decides; only what it accepted is accepted here.
    const upstream = new WebSocket(new URL(request.url ?? '/', relay.origin.replace('http', 'ws')), SUBPROTOCOL, {
      perMessageDeflate: false,
      headers: { host: request.headers.host, authorization: request.headers.authorization },
    })
    upstream.on('unexpected-response', (_, answer) => void refuse(socket, answer, calls))
    upstream.on('error', () => socket.destroy())
    upstream.on('open', () =>
      sockets.handleUpgrade(request, socket, head, (agent) => {
        newest = { up: upstream, down: agent }
        pipe(agent, upstream, 'up', frames)
        pipe(upstream, agent, 'down', frames)
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    frames,
    calls,
    slipIn(direction, frame) {
      frames.push({ direction, text: frame })
      newest?.[direction].send(frame)
    },
    async close() {
      for (const socket of Object.values(newest ?? {})) socket.terminate()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function pipe(from: WebSocket, to: WebSocket, direction: Direction, frames: RecordedFrame[]): void {
  from.on('message', (data: Buffer, isBinary) => {
    frames.push({ direction, text: data.toString(isBinary ? 'latin1' : 'utf8') })
    if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary })
  })
  from.on('error', () => to.terminate())
  from.on('close', (code, reason) => {
    // 1005 and 1006 say that there was no code; nobody may send them.
    if (code === 1005 || code === 1006) to.terminate()
    else to.close(code, reason)
  })
}

async function passOn(request: IncomingMessage, response: ServerResponse, relay: URL, calls: string[]): Promise<void> {
  const body = await readAll(request)
  calls.push(`${headOf(request.url ?? '', request.headers)}${body.toString('latin1')}`)
  const onward = send({
    host: relay.hostname,
    port: relay.port,
    method: request.method,
    path: request.url,
    headers: request.headers,
  })
  onward.end(body)
  const [answer] = (await once(onward, 'response')) as [IncomingMessage]
  const answered = await readAll(answer)
  calls.push(`${headOf(String(answer.statusCode), answer.headers)}${answered.toString('latin1')}`)
  response.writeHead(answer.statusCode ?? 502, answer.headers).end(answered)
}

async function refuse(socket: Duplex, answer: IncomingMessage, calls: string[]): Promise<void> {
  const body = (await readAll(answer)).toString('utf8')
  calls.push(`${headOf(String(answer.statusCode), answer.headers)}${body}`)
  const type = answer.headers['content-type'] ?? 'text/plain'
  socket.end(
    `HTTP/1.1 ${answer.statusCode} Refused\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

const headOf = (first: string, headers: IncomingHttpHeaders): string => `${first}\n${JSON.stringify(headers)}\n`

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
