import { request, type Agent } from 'undici'
import type { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { Dialer } from '../dialer.ts'
import { createHttp, DialError } from '../http.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { KubernetesError } from './shapes.ts'

/**
 * One call to a cluster's Kubernetes API, and what its refusals are in our words. A call ends within `CALL_TIMEOUT_MS`.
 * Of an effect whose answer was lost nobody says that it failed: that is `outcome-unknown`.
 */
export interface KubernetesCalls {
  send(call: KubernetesCall): Promise<Result<Answer, Problem>>
  /** All pages of a list. */
  list<T>(path: string, options: ListOptions<T>): Promise<Result<readonly T[], Problem>>
  /** The problem that an answer with this status stands for. */
  refused(path: string, answer: Answer): Problem
  close(): Promise<void>
}

export interface KubernetesCall {
  readonly method: 'GET' | 'DELETE' | 'POST' | 'PATCH'
  readonly path: string
  /** JSON; a PATCH is a merge patch. */
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export interface ListOptions<T> {
  readonly schema: z.ZodType<Page<T>>
  readonly query?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Continues the list; empty at its end. */
  readonly next: string
}

export interface Answer {
  readonly status: number
  readonly body: string
  /** Seconds, as the server asks for them; absent when it does not. */
  readonly retryAfterS: number | undefined
}

/** An API server that cannot answer a small list in ten seconds is not healthy. */
const CALL_TIMEOUT_MS = 10_000
/** What Kubernetes itself uses for chunked lists. */
const PAGE_SIZE = 500
/** 5,000 nodes is the limit of Kubernetes; kube-system of such a cluster would still fit. */
const MAX_PAGES = 40
const MAX_REASON_CHARS = 300
/**
 * Answers about who we are. A certificate that is not known stays unknown; the rights of our group come with a manifest
 * that a young cluster applies after its API is up.
 */
const REFUSALS: ReadonlyMap<number, ProblemCode> = new Map([
  [401, 'kubernetes-refused'],
  [403, 'kubernetes-forbidden'],
])

export function kubernetesCalls({
  dialer,
  server,
  identity,
}: {
  readonly dialer: Dialer
  /** As in `https://192.168.1.50:6443`. */
  readonly server: string
  readonly identity: ClientIdentity
}): KubernetesCalls {
  const http = createHttp(dialer, {
    tls: { ca: identity.ca, cert: identity.cert, key: identity.key.reveal() },
    timeoutMs: CALL_TIMEOUT_MS,
  })
  const send = (call: KubernetesCall) => sendTo(http, server, call)
  const refused = (path: string, { status, body }: Answer): Problem => {
    const parsed = KubernetesError.safeParse(toJson(body))
    const reason = (parsed.success ? parsed.data.message : body).slice(0, MAX_REASON_CHARS)
    return problem(REFUSALS.get(status) ?? 'kubernetes-unreachable', { server, path, status, reason })
  }
  return {
    send,
    refused,
    async list<T>(path: string, { schema, query = {}, signal }: ListOptions<T>) {
      const items: T[] = []
      let next = ''
      for (let page = 0; page < MAX_PAGES; page++) {
        const asked = new URLSearchParams({
          ...query,
          limit: String(PAGE_SIZE),
          ...(next ? { continue: next } : {}),
        })
        const answer = await send({ method: 'GET', path: `${path}?${asked.toString()}`, signal })
        if (!answer.ok) return answer
        if (answer.value.status !== 200) return err(refused(path, answer.value))
        const parsed = schema.safeParse(toJson(answer.value.body))
        if (!parsed.success)
          return err(problem('kubernetes-unreachable', { server, path, reason: 'unexpected-answer' }))
        items.push(...parsed.data.items)
        next = parsed.data.next
        if (!next) return ok(items)
      }
      return err(problem('kubernetes-unreachable', { server, path, reason: 'too-many-items' }))
    },
    close: () => http.destroy(),
  }
}

async function sendTo(
  http: Agent,
  server: string,
  { method, path, body, signal }: KubernetesCall,
): Promise<Result<Answer, Problem>> {
  const facts = { server, path: path.split('?', 1)[0]! }
  if (signal?.aborted) return err(problem('cancelled', facts))
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS)
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  try {
    const response = await request(new URL(path, server), {
      method,
      dispatcher: http,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    const retryAfter = Number(response.headers['retry-after'] ?? '')
    return ok({
      status: response.statusCode,
      body: await response.body.text(),
      retryAfterS: retryAfter > 0 ? retryAfter : undefined,
    })
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_CHARS)
    if (method !== 'GET' && !(error instanceof DialError)) return err(problem('outcome-unknown', { ...facts, reason }))
    if (signal?.aborted) return err(problem('cancelled', facts))
    return err(problem('kubernetes-unreachable', { ...facts, reason }))
  }
}

export function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
