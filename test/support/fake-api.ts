import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { z } from 'zod'
import { canonicalJson, type Json } from '#core/base/canonical-json.ts'
import { invariant } from '#core/base/invariant.ts'
import { KINDS, PLURALS, type Kind } from '#core/model/document.ts'
import type { ClusterEvent } from '#core/model/event.ts'
import { PROBLEM_KINDS, type Facts, type ProblemCode } from '#core/model/problem.ts'
import type { ClusterStatus } from '#core/model/status.ts'

/**
 * The HTTP API as a small program on loopback, so that the real CLI can be run against it: documents with ETags and
 * preconditions, problems, paged lists, events over a WebSocket. It plans nothing; a test sets statuses and events.
 */
export const FAKE_TOKEN = 'admin-token-of-the-fake'

interface StoredDocument {
  readonly kind: Kind
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> | undefined }
  readonly spec: unknown
  readonly uid: string
  readonly generation: number
}

export interface FakeApi {
  readonly url: string
  /** `METHOD path?query` of every request, in order. */
  readonly requests: string[]
  readonly setStatus: (cluster: string, status: ClusterStatus) => void
  /** Kept and sent to all followers. */
  readonly emit: (cluster: string, event: Omit<ClusterEvent, 'seq'>) => void
  readonly setOperations: (operations: readonly object[]) => void
  /** Plans that the next applies answer with. */
  readonly setPlans: (plans: Readonly<Record<string, object>>, ofMachines?: Readonly<Record<string, object>>) => void
  /** The next apply is refused with this. */
  readonly refuseNextApply: (code: ProblemCode, errors: readonly object[]) => void
  /** Cuts every follower off, as a deploy does. */
  readonly cutFollowers: () => void
  readonly close: () => Promise<void>
}

const BORN = '2026-11-20T08:00:00.000Z'
const PAGE = 2

const Body = z.object({
  documents: z.array(
    z.object({
      kind: z.enum(KINDS),
      metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
      spec: z.unknown(),
    }),
  ),
})

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export async function startFakeApi(): Promise<FakeApi> {
  const documents = new Map<string, StoredDocument>()
  const statuses = new Map<string, ClusterStatus>()
  const events = new Map<string, ClusterEvent[]>()
  const followers = new Map<WebSocket, string>()
  const requests: string[] = []
  let operations: readonly object[] = []
  let plans: Readonly<Record<string, object>> = {}
  let machinePlans: Readonly<Record<string, object>> = {}
  let refusal: Answer | undefined
  let uids = 0

  const answerTo = (method: string, url: URL, request: IncomingMessage, body: string): Answer => {
    if (request.headers.authorization !== `Bearer ${FAKE_TOKEN}`) return problemAnswer('unauthorized')
    const parts = url.pathname.split('/').slice(1).map(decodeURIComponent)
    if (url.pathname === '/v1/apply' && method === 'POST') return apply(body, url.searchParams.get('dryRun') === 'true')
    if (url.pathname === '/healthz') return { status: 200, body: { ok: true, version: '9.9.9' } }
    if (url.pathname === '/v1/operations') return page(operations, url)
    if (parts[1] === 'operations' && method === 'POST') return { status: 200, body: operations[0] }
    if (parts[3] === 'join-tokens' && method !== 'POST') return answerJoinTokens(method, parts[4])
    if (parts[3] === 'join-tokens')
      return documents.has(`Site/${parts[2]}`)
        ? { status: 201, body: joinToken }
        : problemAnswer('not-found', { kind: 'Site', name: String(parts[2]) })
    if (parts[3] === 'capacity') return { status: 200, body: { hosts: [capacity], adopted: [nas] } }
    if (parts[3] === 'agents') return answerAgents(method, parts[4], parts[5], body)
    const kind = KINDS.find((each) => PLURALS[each] === parts[1])
    if (!kind) return problemAnswer('not-found')
    const name = parts[2]
    if (name === undefined)
      return page(
        [...documents.values()].filter((each) => each.kind === kind).map((each) => view(each)),
        url,
      )
    const found = documents.get(`${kind}/${name}`)
    if (!found) return problemAnswer('not-found', { kind, name })
    if (method === 'POST' && parts[3] === 'forget') return forget(found, request, url)
    return method === 'DELETE' ? remove(found, request, url) : answerWith(found)
  }

  const apply = (text: string, dryRun: boolean): Answer => {
    if (refusal) {
      const refused = refusal
      refusal = undefined
      return refused
    }
    const body = Body.safeParse(JSON.parse(text))
    if (!body.success) return problemAnswer('invalid-request')
    const results = body.data.documents.map((document) => {
      const id = `${document.kind}/${document.metadata.name}`
      const old = documents.get(id)
      const same = old && canonicalJson(old.spec as Json) === canonicalJson(document.spec as Json)
      const action = old ? (same ? 'unchanged' : 'changed') : 'created'
      const uid = old?.uid ?? `0fake${String(++uids).padStart(15, '0')}`
      const generation = (old?.generation ?? 0) + (same ? 0 : 1)
      if (!dryRun) documents.set(id, { ...document, uid, generation })
      return { kind: document.kind, name: document.metadata.name, action, uid, generation }
    })
    return { status: 200, body: { results, plans, machinePlans } }
  }

  const forget = (found: StoredDocument, request: IncomingMessage, url: URL): Answer => {
    if (request.headers['if-match'] !== etagOf(found)) return problemAnswer('precondition-failed')
    if (url.searchParams.get('confirm') !== found.metadata.name) return problemAnswer('confirmation-required')
    documents.delete(`${found.kind}/${found.metadata.name}`)
    return { status: 202, body: view(found) }
  }

  const remove = (found: StoredDocument, request: IncomingMessage, url: URL): Answer => {
    if (request.headers['if-match'] === undefined) return problemAnswer('precondition-required')
    if (request.headers['if-match'] !== etagOf(found)) return problemAnswer('precondition-failed')
    const { name, annotations } = found.metadata
    const policy = annotations?.['lanline/deletion']
    if (policy === 'forbid') return problemAnswer('deletion-forbidden')
    if (policy === 'confirm' && url.searchParams.get('confirm') !== name) return problemAnswer('confirmation-required')
    const users = [...documents.values()]
      .filter((each) => each.kind === 'Cluster')
      .map((each) => `Cluster/${each.metadata.name}`)
    if (found.kind === 'Machine') {
      // As of one that is managed: its object takes it apart, and here that takes no time.
      documents.delete(`${found.kind}/${name}`)
      const shown = view(found)
      return { status: 200, body: { ...shown, metadata: { ...shown.metadata, deletingAt: BORN } } }
    }
    if (found.kind !== 'Cluster' && users.length > 0) return problemAnswer('still-referenced', { by: users })
    documents.delete(`${found.kind}/${name}`)
    return { ...answerWith(found), status: found.kind === 'Cluster' ? 202 : 200 }
  }

  const answerWith = (found: StoredDocument): Answer => ({
    status: 200,
    body: view(found),
    headers: { etag: etagOf(found) },
  })

  const view = ({ kind, metadata, spec, uid, generation }: StoredDocument) => ({
    apiVersion: 'lanline/v1alpha1',
    kind,
    metadata: { ...metadata, uid, generation, createdAt: BORN, updatedAt: BORN },
    spec,
    ...(kind === 'Cluster' || kind === 'Machine' ? { status: statuses.get(metadata.name) } : {}),
  })

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://fake')
      requests.push(`${request.method} ${url.pathname}${url.search}`)
      const answer = answerTo(request.method ?? 'GET', url, request, body)
      const type = answer.status < 400 ? 'application/json' : 'application/problem+json'
      response.writeHead(answer.status, { 'content-type': type, ...answer.headers }).end(JSON.stringify(answer.body))
    })
  })

  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const cluster = url.pathname.split('/')[3] ?? ''
    requests.push(`UPGRADE ${url.pathname}${url.search}`)
    if (request.headers.authorization !== `Bearer ${FAKE_TOKEN}` || !documents.has(`Cluster/${cluster}`)) {
      const text = JSON.stringify(problemAnswer('not-found').body)
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (follower) => {
      const after = Number(url.searchParams.get('after'))
      for (const event of events.get(cluster) ?? []) if ((event.seq ?? 0) > after) follower.send(JSON.stringify(event))
      followers.set(follower, cluster)
      follower.on('close', () => followers.delete(follower))
    })
  })

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    setStatus: (cluster, status) => statuses.set(cluster, status),
    emit: (cluster, event) => {
      const kept = events.get(cluster) ?? []
      const numbered = event.type === 'progress' ? event : { ...event, seq: kept.length + 1 }
      if (event.type !== 'progress') events.set(cluster, [...kept, numbered])
      for (const [follower, followed] of followers) if (followed === cluster) follower.send(JSON.stringify(numbered))
    },
    setOperations: (next) => (operations = next),
    setPlans: (next, ofMachines = {}) => {
      plans = next
      machinePlans = ofMachines
    },
    refuseNextApply: (code, errors) => (refusal = problemAnswer(code, {}, errors)),
    cutFollowers: () => followers.forEach((_, follower) => follower.terminate()),
    close: async () => {
      followers.forEach((_, follower) => follower.terminate())
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One token in the list. */
const tokenEntry = { id: 'abcdef012345', name: 'spare', approve: false, expiresAt: '2099-01-01T00:00:00.000Z' }

const answerJoinTokens = (method: string, id: string | undefined): Answer =>
  method === 'DELETE' && id === tokenEntry.id
    ? { status: 200, body: tokenEntry }
    : { status: 200, body: { items: [tokenEntry] } }

/** A site with one agent that nobody has approved yet. */
export const PENDING_AGENT = {
  agentId: '0123456789abcdefghjm',
  fingerprint: '0123-4567-89ab-cdef-0123',
  hostname: 'agent-vm',
  version: '0.1.0',
  enrolledAt: '2026-01-01T00:00:00.000Z',
  state: 'pending',
}

function answerAgents(method: string, id: string | undefined, decision: string | undefined, body: string): Answer {
  if (id === undefined) return { status: 200, body: { items: [PENDING_AGENT] } }
  if (method === 'POST' && (JSON.parse(body) as { fingerprint: string }).fingerprint !== PENDING_AGENT.fingerprint)
    return problemAnswer('fingerprint-differs')
  return { status: 200, body: { ...PENDING_AGENT, state: decision === 'approve' ? 'approved' : 'revoked' } }
}

const joinToken = {
  token: `lanjoin_${'t'.repeat(43)}`,
  expiresAt: new Date(Date.now() + 60 * 60_000 + 5_000).toISOString(),
  relayUrl: 'https://relay.example.com',
}

const capacity = {
  host: 'prod-srv-01',
  online: true,
  cpu: { physical: 36, host: 2, reserved: { growth: 16 }, adopted: 6, foreign: 0, managed: 12, inFlight: 0, free: 0 },
  memoryMiB: {
    physical: 90112,
    host: 8192,
    reserved: { growth: 24576 },
    adopted: 32768,
    foreign: 0,
    managed: 24576,
    inFlight: 0,
    free: 0,
  },
}

const nas = { name: 'nas', host: 'prod-srv-01', vmid: 100, cpu: 6, memoryMiB: 32768, seen: 'running' }

const etagOf = ({ uid, generation }: StoredDocument): string => `"${uid}.${generation}"`

function page(items: readonly unknown[], url: URL): Answer {
  const start = Number(url.searchParams.get('cursor') ?? 0)
  const next = start + PAGE < items.length ? { nextCursor: String(start + PAGE) } : {}
  return { status: 200, body: { items: items.slice(start, start + PAGE), ...next } }
}

function problemAnswer(code: ProblemCode, facts: Facts = {}, errors?: readonly object[]): Answer {
  const { status, title, advice } = PROBLEM_KINDS[code]
  const type = `https://lanline.dev/problems/${code}`
  const body = { type, title, status, detail: title, code, requestId: 'req-1', advice, facts }
  return { status, body: errors ? { ...body, errors } : body }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  invariant(parts.length < 1_000, 'a test sends small bodies')
  return Buffer.concat(parts).toString('utf8')
}
