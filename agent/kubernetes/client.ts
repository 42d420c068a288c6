import { request, type Agent } from 'undici'
import type { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { Dialer } from '../dialer.ts'
import { createHttp, DialError } from '../http.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { KubernetesError, NodeList, PodList, type KubernetesNode, type KubernetesPod } from './shapes.ts'

/**
 * The few calls the agent makes to a cluster's Kubernetes API, at the VIP or at any control plane. Each call ends within
 * `CALL_TIMEOUT_MS`. Problems any call may bring: kubernetes-unreachable (later; `status` is there when the API answered
 * that it cannot serve now), kubernetes-forbidden (later), kubernetes-refused (never), cancelled.
 */
export interface KubernetesClient {
  /** The API server is ready to serve. */
  readyz(signal?: AbortSignal): Promise<Result<void, Problem>>
  listNodes(signal?: AbortSignal): Promise<Result<readonly KubernetesNode[], Problem>>
  listPods(namespace: string, signal?: AbortSignal): Promise<Result<readonly KubernetesPod[], Problem>>
  /** Repeating is safe. Problem outcome-unknown (look-again): the request left and no answer came. */
  deleteNode(name: string, signal?: AbortSignal): Promise<Result<'deleted' | 'absent', Problem>>
  close(): Promise<void>
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

export function kubernetesClient({
  dialer,
  server,
  identity,
}: {
  readonly dialer: Dialer
  /** As in `https://192.168.1.50:6443`. */
  readonly server: string
  readonly identity: ClientIdentity
}): KubernetesClient {
  const http = createHttp(dialer, {
    tls: { ca: identity.ca, cert: identity.cert, key: identity.key.reveal() },
    timeoutMs: CALL_TIMEOUT_MS,
  })
  const call = (method: 'GET' | 'DELETE', path: string, signal: AbortSignal | undefined) =>
    send({ http, server, method, path, signal })

  async function list<T>(path: string, schema: z.ZodType<Page<T>>, signal: AbortSignal | undefined) {
    const items: T[] = []
    let next = ''
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(next ? { continue: next } : {}) })
      const answer = await call('GET', `${path}?${query.toString()}`, signal)
      if (!answer.ok) return answer
      if (answer.value.status !== 200) return err(refused(server, path, answer.value))
      const parsed = schema.safeParse(toJson(answer.value.body))
      if (!parsed.success) return err(problem('kubernetes-unreachable', { server, path, reason: 'unexpected-answer' }))
      items.push(...parsed.data.items)
      next = parsed.data.next
      if (!next) return ok(items)
    }
    return err(problem('kubernetes-unreachable', { server, path, reason: 'too-many-items' }))
  }

  return {
    async readyz(signal) {
      const answer = await call('GET', '/readyz', signal)
      if (!answer.ok) return answer
      return answer.value.status === 200 ? ok(undefined) : err(refused(server, '/readyz', answer.value))
    },
    listNodes: (signal) => list('/api/v1/nodes', NodeList, signal),
    listPods: (namespace, signal) => list(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, PodList, signal),
    async deleteNode(name, signal) {
      const path = `/api/v1/nodes/${encodeURIComponent(name)}`
      const answer = await call('DELETE', path, signal)
      if (!answer.ok) return answer
      if (answer.value.status === 404) return ok('absent')
      return answer.value.status < 300 ? ok('deleted') : err(refused(server, path, answer.value))
    },
    close: () => http.destroy(),
  }
}

interface Page<T> {
  readonly items: readonly T[]
  /** Continues the list; empty at its end. */
  readonly next: string
}

interface Answer {
  readonly status: number
  readonly body: string
}

async function send({
  http,
  server,
  method,
  path,
  signal,
}: {
  http: Agent
  server: string
  method: 'GET' | 'DELETE'
  path: string
  signal: AbortSignal | undefined
}): Promise<Result<Answer, Problem>> {
  const facts = { server, path: path.split('?', 1)[0]! }
  if (signal?.aborted) return err(problem('cancelled', facts))
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS)
  try {
    const response = await request(new URL(path, server), {
      method,
      dispatcher: http,
      headers: { accept: 'application/json' },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    return ok({ status: response.statusCode, body: await response.body.text() })
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_CHARS)
    if (method !== 'GET' && !(error instanceof DialError)) return err(problem('outcome-unknown', { ...facts, reason }))
    if (signal?.aborted) return err(problem('cancelled', facts))
    return err(problem('kubernetes-unreachable', { ...facts, reason }))
  }
}

function refused(server: string, path: string, { status, body }: Answer): Problem {
  const parsed = KubernetesError.safeParse(toJson(body))
  const reason = (parsed.success ? parsed.data.message : body).slice(0, MAX_REASON_CHARS)
  return problem(REFUSALS.get(status) ?? 'kubernetes-unreachable', { server, path, status, reason })
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
