import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultRequest } from './faults.ts'
import type { Lab } from './lab.ts'
import { labState } from './state.ts'

/**
 * A small door for other processes to look at a running lab and to break things in it: JSON over loopback HTTP, with
 * a random bearer token. `GET /state`, `GET /trace`, `GET /violations`, `POST /faults`.
 */
export interface ControlServer {
  readonly url: string
  readonly token: string
  close(): Promise<void>
}

/** A fault is a few words. */
const MAX_BODY_BYTES = 16 * 1024

export async function startControl(lab: Lab): Promise<ControlServer> {
  const token = randomBytes(24).toString('base64url')
  const expected = Buffer.from(`Bearer ${token}`)
  const server = createServer((request, response) => void serve(request, response))

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const given = Buffer.from(request.headers.authorization ?? '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return send(response, 401, { error: 'unauthorized' })
    switch (`${request.method ?? ''} ${request.url ?? ''}`) {
      case 'GET /state':
        return send(response, 200, labState(lab))
      case 'GET /trace':
        return send(response, 200, lab.trace.intervals())
      case 'GET /violations':
        return send(response, 200, lab.violations())
      case 'POST /faults': {
        const body = await readJson(request)
        if (body === undefined) return send(response, 400, { error: 'the body is not JSON, or too long' })
        // The words are checked where the trouble is made.
        const made = await lab.faults.make(body as FaultRequest)
        return made.ok ? send(response, 200, { ok: true }) : send(response, 400, { error: made.error })
      }
      default:
        return send(response, 404, { error: 'GET /state, GET /trace, GET /violations, POST /faults' })
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8')
    if (text.length > MAX_BODY_BYTES) return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
