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
 * People who watch a cluster. Each gets the kept events after the number they name, then every new one. Sockets
 * hibernate; streams keep the object awake and therefore end.
 */
export class Followers {
  readonly #context: DurableObjectState
  readonly #streams = new Set<EventStream>()

  constructor(context: DurableObjectState) {
    this.#context = context
  }

  accept(request: Request, story: Story): Response {
    const count = this.#context.getWebSockets(TAG).length + this.#streams.size
    if (count >= MAX_FOLLOWERS) return problemResponse(problem('too-many-followers', { limit: MAX_FOLLOWERS }))
    const seq = afterOf(request)
    if (seq === undefined) return problemResponse(problem('invalid-request', { field: 'after', text: 'a number' }))
    return request.headers.get('Upgrade')?.toLowerCase() === 'websocket'
      ? this.#acceptSocket(story, seq)
      : this.#acceptStream(story, seq)
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

  #acceptSocket(story: Story, seq: number): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    this.#context.acceptWebSocket(server, [TAG])
    for (const event of story.after(seq)) server.send(JSON.stringify(event))
    return new Response(null, { status: 101, webSocket: client })
  }

  #acceptStream(story: Story, seq: number): Response {
    const stream = new EventStream((ended) => this.#streams.delete(ended))
    this.#streams.add(stream)
    for (const event of story.after(seq)) stream.send(event)
    stream.settle(story.settled)
    return stream.response
  }
}

/** `?after=`, or the standard header of a client that reconnects; 0 when neither is there. */
function afterOf(request: Request): number | undefined {
  const text = new URL(request.url).searchParams.get('after') ?? request.headers.get('Last-Event-ID') ?? '0'
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
