import { MAX_FOLLOWERS, type ClusterEvent } from '#core/model/event.ts'
import { problem } from '#core/model/problem.ts'
import { problemResponse } from '../problem-response.ts'
import { sendQuietly } from '../sockets.ts'
import { EventStream } from './event-stream.ts'

const TAG = 'follower'

/** What a new follower is told first, and whether more is to come. */
export interface Story {
  readonly after: (seq: number) => readonly ClusterEvent[]
  readonly settled: boolean
}

/**
 * People who watch a cluster. Each gets the kept events after the number they name (none after `now`), then every new
 * one. Sockets hibernate; streams keep the object awake and therefore end.
 */
export class Followers {
  readonly #context: DurableObjectState
  readonly #streams = new Set<EventStream>()

  constructor(context: DurableObjectState) {
    this.#context = context
  }

  accept(request: Request, story: Story): Response {
    if (!this.#hasRoom()) return problemResponse(problem('too-many-followers', { limit: MAX_FOLLOWERS }))
    const after = afterOf(request)
    if (after === undefined)
      return problemResponse(problem('invalid-request', { field: 'after', text: 'a number, or now' }))
    const kept = after === 'now' ? [] : story.after(after)
    return request.headers.get('Upgrade')?.toLowerCase() === 'websocket'
      ? this.#acceptSocket(kept)
      : this.#acceptStream(kept, story.settled)
  }

  tell(events: readonly ClusterEvent[], settled: boolean): void {
    for (const event of events) {
      const text = JSON.stringify(event)
      for (const socket of this.#context.getWebSockets(TAG)) sendQuietly(socket, text)
      for (const stream of this.#streams) stream.send(event)
    }
    for (const stream of this.#streams) stream.settle(settled)
  }

  end(): void {
    for (const stream of this.#streams) stream.end()
    for (const socket of this.#context.getWebSockets(TAG)) socket.close(1000, 'the cluster is gone')
  }

  /**
   * The oldest stream makes room: not every reader who leaves is noticed, and one who is still there comes back by itself,
   * where it was.
   */
  #hasRoom(): boolean {
    const count = this.#context.getWebSockets(TAG).length + this.#streams.size
    if (count < MAX_FOLLOWERS) return true
    const [oldest] = this.#streams
    oldest?.end()
    return oldest !== undefined
  }

  #acceptSocket(kept: readonly ClusterEvent[]): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    this.#context.acceptWebSocket(server, [TAG])
    for (const event of kept) server.send(JSON.stringify(event))
    return new Response(null, { status: 101, webSocket: client })
  }

  #acceptStream(kept: readonly ClusterEvent[], settled: boolean): Response {
    const stream = new EventStream((ended) => this.#streams.delete(ended))
    this.#streams.add(stream)
    for (const event of kept) stream.send(event)
    stream.settle(settled)
    return stream.response
  }
}

/**
 * The standard header of a client that comes back, else `?after=`, else everything. A browser repeats the query as it
 * was, so the header is the newer of the two.
 */
function afterOf(request: Request): number | 'now' | undefined {
  const text = request.headers.get('Last-Event-ID') ?? new URL(request.url).searchParams.get('after') ?? '0'
  if (text === 'now') return 'now'
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
