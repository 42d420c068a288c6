import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OidcProvider, type ProviderOptions } from './provider.ts'

/** The provider behind a loopback port, for programs that speak to it over HTTP. */
export interface ServedProvider {
  readonly issuer: string
  readonly provider: OidcProvider
  close(): Promise<void>
}

/** Forms are a few hundred bytes. */
const MAX_BODY_BYTES = 16 * 1024

export async function serveProvider(options: Omit<ProviderOptions, 'issuer'>): Promise<ServedProvider> {
  let provider: OidcProvider | undefined
  const server = createServer((request, response) => {
    void (async () => {
      if (!provider) return
      const answer = await provider.handle(await toRequest(request, provider.options.issuer))
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(Buffer.from(await answer.arrayBuffer()))
    })().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  provider = await OidcProvider.make({ ...options, issuer })
  return {
    issuer,
    provider,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function toRequest(request: IncomingMessage, origin: string): Promise<Request> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_BODY_BYTES) throw new Error('too large')
    parts.push(part)
  }
  const url = `${origin}${request.url ?? '/'}`
  const method = request.method ?? 'GET'
  return method === 'POST'
    ? new Request(url, { method, body: Buffer.concat(parts).toString('utf8') })
    : new Request(url, { method })
}
