import { errors, type Dispatcher } from 'undici'
import type { Dialer } from '../../dialer.ts'
import { createHttp, DialError } from '../../http.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { toRow, toText } from './parse.ts'

/**
 * One call to the Proxmox API, and an honest account of how it ended: refused with a text, never sent, or sent without
 * an answer. Only a GET is repeated by itself, and only once; a write is never repeated here.
 *
 * Source: facts proxmox.md §1.1, proxmox-behaviour.md "HTTP layer".
 */
export type CallFailure =
  | { readonly kind: 'not-sent'; readonly call: Call; readonly text: string }
  /** `hungUp`: the connection broke, as opposed to a server that stays silent. */
  | { readonly kind: 'no-answer'; readonly call: Call; readonly text: string; readonly hungUp: boolean }
  | {
      readonly kind: 'refused'
      readonly call: Call
      readonly status: number
      /** The reason phrase of the status line: that is where Proxmox says what is wrong. */
      readonly reason: string
      /** By parameter, on 400. */
      readonly fields: Readonly<Record<string, string>>
    }

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
}

export type Params = Readonly<Record<string, string | number | undefined>>

export interface ProxmoxHttp {
  get(path: string, params?: Params): Promise<Result<unknown, CallFailure>>
  post(path: string, params?: Params): Promise<Result<unknown, CallFailure>>
  put(path: string, params?: Params): Promise<Result<unknown, CallFailure>>
  delete(path: string, params?: Params): Promise<Result<unknown, CallFailure>>
  close(): Promise<void>
}

export interface ProxmoxAccess {
  /** `https://192.168.1.10:8006`; any member of the cluster serves all of it, so the others are only a way round. */
  readonly endpoints: readonly string[]
  /** `user@realm!name`. */
  readonly tokenId: string
  readonly tokenSecret: Secret<string>
  /** PEM of the authority of the Proxmox cluster; the system's authorities when absent. */
  readonly caPem?: string | undefined
}

/** Path parts are escaped, whatever is in them. */
export const path = (texts: TemplateStringsArray, ...parts: readonly (string | number)[]): string =>
  texts.map((text, index) => text + (index < parts.length ? encodeURIComponent(parts[index] ?? '') : '')).join('')

export function createProxmoxHttp(access: ProxmoxAccess, dialer: Dialer): ProxmoxHttp {
  const http = createHttp(dialer, { tls: { ca: access.caPem } })
  const authorization = `PVEAPIToken=${access.tokenId}=${access.tokenSecret.reveal()}`
  // The endpoint that answered last is asked first, so that a dead one costs its delay only once.
  let preferred = 0

  async function call(
    method: Call['method'],
    target: string,
    params: Params = {},
  ): Promise<Result<unknown, CallFailure>> {
    const sent = { method, path: target }
    let failure: CallFailure = { kind: 'not-sent', call: sent, text: 'no endpoint is configured' }
    for (let tried = 0; tried < access.endpoints.length; tried++) {
      const index = (preferred + tried) % access.endpoints.length
      const answer = await request(http, new URL(access.endpoints[index] ?? ''), sent, params, authorization)
      if (answer.ok || answer.error.kind !== 'not-sent') {
        preferred = index
        return answer
      }
      failure = answer.error
    }
    return err(failure)
  }

  return {
    async get(target, params) {
      const first = await call('GET', target, params)
      // Proxmox closes idle connections after 5 s: a GET that met such a moment is simply sent again.
      return !first.ok && first.error.kind === 'no-answer' && first.error.hungUp ? call('GET', target, params) : first
    },
    post: (target, params) => call('POST', target, params),
    put: (target, params) => call('PUT', target, params),
    delete: (target, params) => call('DELETE', target, params),
    close: () => http.close(),
  }
}

async function request(
  http: Dispatcher,
  endpoint: URL,
  call: Call,
  params: Params,
  authorization: string,
): Promise<Result<unknown, CallFailure>> {
  const form = formOf(params)
  // A body on GET or DELETE is a 501; their parameters go into the query.
  const inBody = call.method === 'POST' || call.method === 'PUT'
  const query = !inBody && form !== '' ? `?${form}` : ''
  try {
    const answer = await http.request({
      origin: endpoint.origin,
      path: `/api2/json${call.path}${query}`,
      method: call.method,
      headers: { authorization, ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) },
      body: inBody ? form : null,
    })
    const body = toRow(parseJson(await answer.body.text()))
    if (answer.statusCode === 200) return ok(body['data'])
    return err({
      kind: 'refused',
      call,
      status: answer.statusCode,
      reason: answer.statusText || (toText(body['message']) ?? '').trim(),
      fields: fieldsOf(body['errors']),
    })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    if (error instanceof DialError)
      return err({ kind: 'not-sent', call, text: error.untrusted ? `${endpoint.host}: ${UNTRUSTED}` : text })
    return err({ kind: 'no-answer', call, text, hungUp: error instanceof errors.SocketError || isReset(error) })
  }
}

const UNTRUSTED =
  'its certificate is from an authority that the agent was not given; copy /etc/pve/pve-root-ca.pem from the host and name it in proxmox.caFile'

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

function formOf(params: Params): string {
  const form = new URLSearchParams()
  for (const [key, value] of Object.entries(params)) if (value !== undefined) form.append(key, String(value))
  return form.toString()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A 401 has no body at all; the reason phrase tells everything.
    return undefined
  }
}

const fieldsOf = (errors: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(toRow(errors)).map(([field, text]) => [field, (toText(text) ?? '').trim()]))
