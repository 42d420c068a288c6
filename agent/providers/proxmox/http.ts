import type { Dialer } from '../../dialer.ts'
import { createHttp } from '../../http.ts'
import { err, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { isUpload, send, type Outgoing, type Params, type Upload } from './request.ts'

export type { Params, Upload } from './request.ts'

/**
 * The Proxmox API behind all endpoints of one cluster: any member serves all of it, so the others are a way round. Only
 * a GET is repeated by itself. A write moves on to another endpoint only when it certainly never began; whatever else
 * happens to it is told, and whoever sent it looks.
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

export interface CallOptions {
  /** How long this one call may stay silent; the default suits all but the slow ones. */
  readonly timeoutMs?: number
}

export interface ProxmoxHttp {
  get(path: string, params?: Params, options?: CallOptions): Promise<Result<unknown, CallFailure>>
  post(path: string, params?: Params | Upload, options?: CallOptions): Promise<Result<unknown, CallFailure>>
  put(path: string, params?: Params, options?: CallOptions): Promise<Result<unknown, CallFailure>>
  delete(path: string, params?: Params, options?: CallOptions): Promise<Result<unknown, CallFailure>>
  close(): Promise<void>
}

export interface ProxmoxAccess {
  /** `https://192.168.1.10:8006`; any member of the cluster serves all of it, so the others are only a way round. */
  readonly endpoints: readonly string[]
  /** `user@realm!name`. */
  readonly tokenId: string
  readonly tokenSecret: Secret<string>
  /** PEM of the authority of the Proxmox cluster: it outlives the leaves, which are renewed by themselves. */
  readonly caPem?: string | undefined
  /** SHA-256 of leaves that are trusted instead of any authority, as Proxmox writes them; with neither, the system's authorities. */
  readonly fingerprints?: readonly string[] | undefined
}

/** An answer that does not hold what it should is none: nothing may be concluded from what is missing in it. */
export const noAnswer = (call: Call, text: string): CallFailure => ({ kind: 'no-answer', call, text, hungUp: false })

/** Path parts are escaped, whatever is in them. */
export const path = (texts: TemplateStringsArray, ...parts: readonly (string | number)[]): string =>
  texts.map((text, index) => text + (index < parts.length ? encodeURIComponent(parts[index] ?? '') : '')).join('')

/** Longer than the relay between nodes waits (30 s), so that its verdict is heard and not overtaken. */
const READ_TIMEOUT_MS = 35_000
/** A change waits for locks of 10 s, and for storages. */
const WRITE_TIMEOUT_MS = 60_000
/** A file is spooled before it is answered. */
const UPLOAD_TIMEOUT_MS = 10 * 60_000
/** A proxy of Proxmox closes a connection after 100 requests, in the middle of nothing. */
const MAX_REQUESTS_PER_CONNECTION = 90
/** The relay could not reach the node meant: nothing began, and another member may know the way. */
const RELAY_NOT_SENT = 595

export function createProxmoxHttp(access: ProxmoxAccess, dialer: Dialer): ProxmoxHttp {
  const http = createHttp(dialer, {
    tls: { ca: access.caPem, fingerprints: access.fingerprints },
    maxRequests: MAX_REQUESTS_PER_CONNECTION,
  })
  const authorization = `PVEAPIToken=${access.tokenId}=${access.tokenSecret.reveal()}`
  // The endpoint that answered last is asked first, so that a dead one costs its delay only once.
  let preferred = 0

  async function attempt(endpoint: string, outgoing: Outgoing): Promise<Result<unknown, CallFailure>> {
    const first = await send(http, new URL(endpoint), outgoing, authorization)
    // Proxmox closes idle connections after 5 s: a GET that met such a moment is simply sent again.
    const again = outgoing.method === 'GET' && !first.ok && first.error.kind === 'no-answer' && first.error.hungUp
    return again ? send(http, new URL(endpoint), outgoing, authorization) : first
  }

  async function call(outgoing: Outgoing): Promise<Result<unknown, CallFailure>> {
    const { method, path: target } = outgoing
    let last: Result<unknown, CallFailure> = err({
      kind: 'not-sent',
      call: { method, path: target },
      text: 'no endpoint is configured',
    })
    const from = preferred
    for (let tried = 0; tried < access.endpoints.length; tried++) {
      const index = (from + tried) % access.endpoints.length
      last = await attempt(access.endpoints[index] ?? '', outgoing)
      if (last.ok || !mayMoveOn(method, last.error)) {
        preferred = index
        return last
      }
    }
    return last
  }

  return {
    get: (target, params = {}, { timeoutMs = READ_TIMEOUT_MS } = {}) =>
      call({ method: 'GET', path: target, content: params, timeoutMs }),
    post: (target, params = {}, options = {}) =>
      call({
        method: 'POST',
        path: target,
        content: params,
        timeoutMs: options.timeoutMs ?? (isUpload(params) ? UPLOAD_TIMEOUT_MS : WRITE_TIMEOUT_MS),
      }),
    put: (target, params = {}, { timeoutMs = WRITE_TIMEOUT_MS } = {}) =>
      call({ method: 'PUT', path: target, content: params, timeoutMs }),
    delete: (target, params = {}, { timeoutMs = WRITE_TIMEOUT_MS } = {}) =>
      call({ method: 'DELETE', path: target, content: params, timeoutMs }),
    close: () => http.close(),
  }
}

/** Whether another endpoint may be asked the same: a write only when it certainly did not begin. */
function mayMoveOn(method: Call['method'], failure: CallFailure): boolean {
  if (failure.kind === 'not-sent') return true
  if (failure.kind === 'refused') return failure.status === RELAY_NOT_SENT
  return method === 'GET'
}
