import { err, ok, type Result } from '#core/base/result.ts'
import type { Role } from '#core/access/role.ts'
import { DirectResponse, encodeHead, readHead, RecordReader, type HeaderPairs } from '#core/lane/direct.ts'
import { lanePassHeader } from '#core/lane/lane-pass.ts'
import { PROBLEM_KINDS, type ProblemCode } from '#core/model/problem.ts'
import { LANE_PATH, LANE_SUBPROTOCOL } from '#core/protocol/lane.ts'
import type { ApiBindings } from '../env.ts'
import { openLane, type DirectStream } from './open-lane.ts'
import { joinWebSocket } from './join-websocket.ts'

/** Carries one request through the lane of its site to the agent, and the answer back as it comes. */
export interface DirectAim {
  /** Path and query at the Kubernetes API. */
  readonly path: string
  readonly clusterUid: string
  readonly siteUid: string
  readonly subject: string
  readonly role: Role
  readonly source: string
}

/** Long enough for a list of everything; a stream lives as long as its connection. */
const SESSION_MS = 12 * 60 * 60_000
const MAX_SOURCE_CHARS = 64

export async function carry(
  request: Request,
  env: ApiBindings,
  aim: DirectAim,
): Promise<Result<Response, string | { readonly code: ProblemCode }>> {
  const { siteUid, subject, role, clusterUid, source } = aim
  const lane = env.LANE.get(env.LANE.idFromName(siteUid))
  const upgraded = await lane.fetch(`https://lane${LANE_PATH}`, {
    headers: {
      Upgrade: 'websocket',
      'Sec-WebSocket-Protocol': LANE_SUBPROTOCOL,
      ...lanePassHeader({
        role: 'client',
        siteUid,
        subject,
        rights: role,
        clusters: [clusterUid],
        source: source.slice(0, MAX_SOURCE_CHARS),
        expiresAt: Date.now() + SESSION_MS,
        direct: true,
      }),
    },
  })
  if (!upgraded.webSocket) {
    const { code = '' } = await upgraded.json<{ code?: string }>()
    return code in PROBLEM_KINDS ? err({ code: code as ProblemCode }) : err(`the lane answered ${upgraded.status}`)
  }
  const stream = await openLane(upgraded.webSocket, { kind: 'direct', clusterUid })
  if (!stream.ok) return stream
  return await exchange(request, stream.value, aim)
}

async function exchange(request: Request, stream: DirectStream, aim: DirectAim): Promise<Result<Response, string>> {
  const isUpgrade = request.headers.get('Upgrade')?.toLowerCase() === 'websocket'
  const headers: HeaderPairs = [...request.headers].map(([name, value]) => [name, value])
  stream.write(encodeHead({ method: request.method, path: aim.path, headers }))
  if (!isUpgrade) void stream.send(request.body)

  const reader = new RecordReader()
  const source = stream.readable.getReader()
  for (;;) {
    const { done, value } = await source.read().catch(() => ({ done: true as const, value: undefined }))
    if (done) return err(stream.reason() ?? 'the agent closed the connection')
    reader.push(value)
    const record = reader.next()
    if (record === undefined) continue
    const head = record === 'too-long' ? undefined : readHead(DirectResponse, record)
    if (!head) return err('the agent answered something else')
    source.releaseLock()
    if (head.status === 101 && isUpgrade) return ok(joinWebSocket(stream, reader.rest(), head.headers))
    return ok(toResponse(head, stream, reader.rest()))
  }
}

const WITHOUT_BODY: readonly number[] = [101, 204, 205, 304]

function toResponse({ status, headers }: DirectResponse, stream: DirectStream, rest: Uint8Array): Response {
  const shown = new Headers(headers)
  // Otherwise the edge would hold events back to compress them.
  shown.set('Cache-Control', 'no-store, no-transform')
  if (WITHOUT_BODY.includes(status)) {
    stream.close()
    return new Response(null, { status, headers: shown })
  }
  shown.delete('Content-Length')
  return new Response(withRest(stream, rest), { status, headers: shown })
}

/** What came behind the head comes first. Who stops reading ends the request at the cluster. */
function withRest(stream: DirectStream, rest: Uint8Array): ReadableStream<Uint8Array> {
  const source = stream.readable.getReader()
  let first: Uint8Array | undefined = rest.byteLength > 0 ? rest : undefined
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (first) {
        controller.enqueue(first)
        first = undefined
        return
      }
      const { done, value } = await source.read()
      if (!done) return controller.enqueue(value)
      controller.close()
      stream.close()
    },
    cancel: () => stream.close(),
  })
}
