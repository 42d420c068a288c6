import { WebSocket } from 'ws'
import { ok, err, type Result } from '#core/base/result.ts'
import { authorization, pathOf, sayNetworkError, urlOf, type Connection } from './client.ts'
import { ApiProblem, type ApiError } from './problem.ts'
import { EventView } from './views.ts'

/**
 * A cluster's events as they happen. It connects again for ever, from the last `seq` seen, so an event is neither lost
 * nor shown twice once there was a first one; only a refusal that repeating cannot mend ends it early.
 */
export interface Follow {
  readonly cluster: string
  /** Only events after this number; 0 begins with the oldest kept one, `now` with the next one. */
  readonly after: number | 'now'
  readonly onEvent: (event: EventView, raw: unknown) => void
  /** Connected or not; `why` says what went wrong. */
  readonly onLink?: ((connected: boolean, why: string) => void) | undefined
  readonly signal: AbortSignal
}

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 15_000
/** Pings keep middle boxes from forgetting the connection and show a dead one within two of them. */
const PING_MS = 30_000
const HANDSHAKE_TIMEOUT_MS = 15_000
/** One event is a line of text and its facts. */
const MAX_MESSAGE_BYTES = 256 * 1024

type Ending = { readonly retry: true; readonly why: string } | { readonly retry: false; readonly error: ApiError }

/** Ends when the signal aborts, or with the refusal of the API. */
export async function followEvents(connection: Connection, follow: Follow): Promise<Result<void, ApiError>> {
  let after = follow.after
  let retryMs = FIRST_RETRY_MS
  while (!follow.signal.aborted) {
    const ending = await readUntilClosed(connection, { ...follow, after }, (event, raw) => {
      retryMs = FIRST_RETRY_MS
      if (event.seq !== undefined) {
        if (after !== 'now' && event.seq <= after) return
        after = event.seq
      }
      follow.onEvent(event, raw)
    })
    if (follow.signal.aborted) break
    if (!ending.retry) return err(ending.error)
    follow.onLink?.(false, ending.why)
    // Jitter spreads the followers of a restarted API.
    await sleep(retryMs * (0.5 + Math.random() / 2), follow.signal)
    retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)
  }
  return ok(undefined)
}

function readUntilClosed(
  connection: Connection,
  follow: Follow,
  onEvent: (event: EventView, raw: unknown) => void,
): Promise<Ending> {
  return new Promise((resolve) => {
    const url = urlOf(connection, pathOf('clusters', follow.cluster, 'events'), { after: String(follow.after) })
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(url, {
      headers: authorization(connection),
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
    })
    let alive = true
    const pulse = setInterval(() => {
      if (!alive) return socket.terminate()
      alive = false
      if (socket.readyState === WebSocket.OPEN) socket.ping()
    }, PING_MS)
    const stop = () => socket.terminate()
    const end = (ending: Ending) => {
      clearInterval(pulse)
      follow.signal.removeEventListener('abort', stop)
      resolve(ending)
    }
    follow.signal.addEventListener('abort', stop, { once: true })
    if (follow.signal.aborted) stop()

    socket.on('open', () => follow.onLink?.(true, ''))
    socket.on('pong', () => (alive = true))
    socket.on('message', (data: Buffer) => {
      alive = true
      const raw = parseJson(data.toString('utf8'))
      const event = EventView.safeParse(raw)
      // A message of a newer API that this CLI does not know is left out; the others still count.
      if (event.success) onEvent(event.data, raw)
    })
    let why = 'the connection was closed'
    socket.on('error', (error) => (why = sayNetworkError(error)))
    socket.on('close', () => end({ retry: true, why }))
    socket.on('unexpected-response', (request, response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text = (text + part).slice(0, MAX_MESSAGE_BYTES)))
      response.on('close', () => {
        request.destroy()
        end(endingOf(response.statusCode ?? 0, text))
      })
    })
  })
}

/** 429 and 5xx pass; any other refusal does not. */
function endingOf(status: number, text: string): Ending {
  const problem = ApiProblem.safeParse(parseJson(text))
  const says = problem.success ? problem.data.title : `the API answered ${status}`
  if (status === 429 || status >= 500) return { retry: true, why: says }
  if (problem.success) return { retry: false, error: { kind: 'problem', problem: problem.data } }
  return { retry: false, error: { kind: 'foreign-answer', text: `the event stream answered ${status}` } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
