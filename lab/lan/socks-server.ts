import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Lan } from './lan.ts'
import {
  NO_ACCEPTABLE_METHOD,
  NO_AUTHENTICATION,
  parseGreeting,
  parseRequest,
  REPLY,
  replyBytes,
  type ConnectRequest,
  type ReplyCode,
} from './socks-messages.ts'

/**
 * The door into the lab's LAN: a SOCKS5 server on loopback. It believes nobody and keeps nothing: every connection is
 * greeted, routed once by the LAN, and then piped until either side ends.
 */
export interface SocksServer {
  readonly port: number
  /** `socks5://127.0.0.1:port` */
  readonly url: string
  close(): Promise<void>
}

/** An ARP that nobody answers takes Linux about three seconds; a test's LAN is quicker by its rate. */
const UNREACHABLE_AFTER_MS = 3_000
/** Real time below which even a fast lab does not go, so that callers see a wait and not an instant answer. */
const MIN_UNREACHABLE_MS = 20
/** A client that does not finish its greeting is not one. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** Longest greeting and request together: 257 + 262 bytes. */
const MAX_HANDSHAKE_BYTES = 600
/** Far above what one agent, kubectl and a demo open at once. */
const MAX_CONNECTIONS = 2_000

export async function startSocksServer(lan: Lan, rate: number): Promise<SocksServer> {
  const open = new Map<Socket, string | undefined>()
  const server = createServer((client) => {
    open.set(client, undefined)
    client.on('error', () => undefined)
    client.on('close', () => open.delete(client))
    void serve(client)
  })
  server.maxConnections = MAX_CONNECTIONS

  async function serve(client: Socket): Promise<void> {
    client.setTimeout(HANDSHAKE_TIMEOUT_MS, () => client.destroy())
    const asked = await readHandshake(client)
    if (!asked) return
    client.setTimeout(0)
    const route = lan.route(asked.request.host, asked.request.port)
    switch (route.kind) {
      case 'black-hole':
        // Nothing ever comes back; the client's own timeout ends it. What it says is read, so that its end is noticed.
        client.resume()
        return
      case 'refused':
        return refuse(client, REPLY.connectionRefused)
      case 'unreachable':
        await wait(Math.max(MIN_UNREACHABLE_MS, UNREACHABLE_AFTER_MS / rate))
        return refuse(client, REPLY.hostUnreachable)
      case 'service': {
        open.set(client, route.address)
        if (route.delayMs > 0) await wait(route.delayMs)
        if (client.destroyed) return
        return pipe(client, route.loopbackPort, asked.rest)
      }
    }
  }

  const stopListening = lan.onDrop((address) => {
    for (const [socket, to] of open) if (to !== undefined && (address === undefined || to === address)) socket.destroy()
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `socks5://127.0.0.1:${port}`,
    async close() {
      stopListening()
      for (const socket of open.keys()) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function refuse(client: Socket, code: ReplyCode): void {
  client.end(replyBytes(code))
}

/** Pipes both ways; whichever side breaks takes the other with it. */
function pipe(client: Socket, loopbackPort: number, rest: Uint8Array): void {
  const service = connect(loopbackPort, '127.0.0.1')
  service.setNoDelay(true)
  client.setNoDelay(true)
  let connected = false
  service.on('connect', () => {
    connected = true
    client.write(replyBytes(REPLY.succeeded))
    if (rest.length > 0) service.write(rest)
    client.pipe(service)
    service.pipe(client)
  })
  service.on('error', () => (connected ? client.destroy() : refuse(client, REPLY.connectionRefused)))
  service.on('close', () => client.end())
  client.on('close', () => service.destroy())
}

/** Greets and reads the request. Undefined when the client was sent away. */
function readHandshake(client: Socket): Promise<{ request: ConnectRequest; rest: Uint8Array } | undefined> {
  return new Promise((resolve) => {
    let buffered: Buffer = Buffer.alloc(0)
    let greeted = false
    const finish = (answer: { request: ConnectRequest; rest: Uint8Array } | undefined) => {
      client.off('data', onData)
      client.pause()
      resolve(answer)
    }
    const onData = (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      if (!greeted) {
        const greeting = parseGreeting(buffered)
        if (!greeting.ok || (greeting.value !== 'need-more' && !greeting.value.value.anonymous)) {
          client.end(NO_ACCEPTABLE_METHOD)
          return finish(undefined)
        }
        if (greeting.value === 'need-more') return tooLong()
        greeted = true
        buffered = buffered.subarray(greeting.value.taken)
        client.write(NO_AUTHENTICATION)
      }
      const request = parseRequest(buffered)
      if (!request.ok) {
        refuse(client, request.error)
        return finish(undefined)
      }
      if (request.value === 'need-more') return tooLong()
      finish({ request: request.value.value, rest: buffered.subarray(request.value.taken) })
    }
    const tooLong = () => {
      if (buffered.length <= MAX_HANDSHAKE_BYTES) return
      client.destroy()
      finish(undefined)
    }
    client.on('data', onData)
    client.once('close', () => resolve(undefined))
  })
}
