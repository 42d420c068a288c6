import { Agent, request } from 'node:https'
import type { ProxmoxHost } from '#lab/proxmox/host.ts'

/** What came back, without any interpretation: tests look at reason phrases and empty bodies. */
export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: Body | undefined
}

export interface Body {
  readonly data: unknown
  readonly message?: string
  readonly errors?: Readonly<Record<string, string>>
  readonly total?: number
}

export interface Sending {
  readonly params?: Readonly<Record<string, string | number | boolean | readonly string[]>>
  readonly headers?: Readonly<Record<string, string>>
  /** Raw body in place of the parameters. */
  readonly raw?: string
  readonly json?: boolean
}

/** A bare HTTPS caller of a simulated host; it verifies the certificate and keeps its connection. */
export class Client {
  readonly #host: ProxmoxHost
  readonly #headers: Readonly<Record<string, string>>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })

  constructor(host: ProxmoxHost, headers: Readonly<Record<string, string>>) {
    this.#host = host
    this.#headers = headers
  }

  call(method: string, path: string, sending: Sending = {}): Promise<Answer> {
    const { params = {}, headers = {}, raw, json = false } = sending
    const inQuery = method === 'GET' || method === 'DELETE'
    const form = new URLSearchParams(
      Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString()
    const query = inQuery && form !== '' ? `?${form}` : ''
    const body = raw ?? (inQuery ? '' : json ? JSON.stringify(params) : form)
    const type = json ? 'application/json' : 'application/x-www-form-urlencoded'
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#host.url}${path.startsWith('/api') ? '' : '/api2/json'}${path}${query}`,
        {
          method,
          ca: this.#host.caPem,
          agent: this.#agent,
          headers: {
            ...this.#headers,
            ...(body === '' ? {} : { 'Content-Type': type, 'Content-Length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            const isJson = text.startsWith('{')
            resolve({
              status: response.statusCode ?? 0,
              reason: response.statusMessage ?? '',
              headers: response.headers,
              text,
              body: isJson ? (JSON.parse(text) as Body) : undefined,
            })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** Calls and waits for the task's end; its exit text. */
  async run(method: string, path: string, sending: Sending = {}): Promise<string> {
    const answer = await this.call(method, path, sending)
    if (answer.status !== 200 || typeof answer.body?.data !== 'string')
      throw new Error(`no task: ${answer.status} ${answer.reason} ${answer.text}`)
    return this.exitOf(answer.body.data)
  }

  async exitOf(upid: string): Promise<string> {
    for (let tries = 0; tries < 2000; tries += 1) {
      const { body } = await this.call(
        'GET',
        `/nodes/${upid.split(':')[1] ?? ''}/tasks/${encodeURIComponent(upid)}/status`,
      )
      const status = body?.data as { status?: string; exitstatus?: string } | undefined
      if (status?.status === 'stopped') return status.exitstatus ?? ''
    }
    throw new Error(`task ${upid} did not end`)
  }

  close(): void {
    this.#agent.destroy()
  }
}

export const tokenHeader = (tokenId: string, secret: string): Record<string, string> => ({
  Authorization: `PVEAPIToken=${tokenId}=${secret}`,
})

/** Logs in with a password and gives the headers of a browser. */
export async function ticketHeaders(
  host: ProxmoxHost,
  username: string,
  password: string,
): Promise<Record<string, string>> {
  const client = new Client(host, {})
  const answer = await client.call('POST', '/access/ticket', { params: { username, password } })
  client.close()
  const data = answer.body?.data as { ticket: string; CSRFPreventionToken: string }
  return { Cookie: `PVEAuthCookie=${encodeURIComponent(data.ticket)}`, CSRFPreventionToken: data.CSRFPreventionToken }
}
