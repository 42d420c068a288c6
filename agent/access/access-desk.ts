import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { CREDENTIAL_PATH, CredentialRequest, type CredentialRefusal } from '#core/lane/access.ts'
import type { ChannelPass } from '#core/protocol/frame-payloads.ts'
import type { Logger } from '../log.ts'
import { parseJson, readText } from '../read-body.ts'
import type { IssueCredential } from './issue-credential.ts'

/**
 * The desk at which people get certificates from afar: small HTTP inside TLS with the agent's own key, on a stream of the
 * lane. The cloud carries the bytes and reads none of them.
 */
const MAX_BODY_CHARS = 32 * 1024
const TIMEOUT_MS = 30_000

export function createAccessDesk(deps: {
  readonly certificate: { readonly cert: string; readonly key: string }
  readonly issue: IssueCredential
  readonly log: Logger
}): (connection: Duplex, clusterUid: string, pass: ChannelPass) => void {
  const { log } = deps
  const secureContext = createSecureContext({ ...deps.certificate, minVersion: 'TLSv1.3' })
  const whose = new WeakMap<object, { readonly clusterUid: string; readonly pass: ChannelPass }>()
  // It never listens: connections are handed to it.
  const server = createServer({ requestTimeout: TIMEOUT_MS, keepAliveTimeout: TIMEOUT_MS }, (incoming, response) => {
    answer(incoming, response).catch((thrown: unknown) => {
      log.error({ event: 'access.threw', err: thrown })
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const say = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const refuse = (status: number, refusal: CredentialRefusal): void => say(status, refusal)
    const caller = whose.get(incoming.socket)
    if (!caller || incoming.method !== 'POST' || incoming.url !== CREDENTIAL_PATH)
      return refuse(404, { code: 'not-found', text: 'there is no such thing here' })
    const body = await readText(incoming, MAX_BODY_CHARS)
    if (body === undefined) return refuse(413, { code: 'body-too-large', text: 'the request is too large' })
    const asked = CredentialRequest.safeParse(parseJson(body))
    if (!asked.success) return refuse(400, { code: 'invalid-request', text: 'the request is not well formed' })
    const issued = await deps.issue(caller.clusterUid, caller.pass, asked.data)
    if (issued.ok) return say(200, issued.value)
    log.warn({ event: 'access.refused', clusterId: caller.clusterUid, code: issued.error.code })
    return refuse(403, issued.error)
  }

  return (connection, clusterUid, pass) => {
    const secure = new TLSSocket(connection, { isServer: true, secureContext })
    whose.set(secure, { clusterUid, pass })
    secure.setTimeout(TIMEOUT_MS, () => secure.destroy())
    secure.on('error', () => connection.destroy())
    secure.once('close', () => connection.destroy())
    secure.once('secure', () => server.emit('connection', secure))
  }
}
