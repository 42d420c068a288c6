import type { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { VERSION } from '../version.ts'
import { ApiProblem, type ApiError } from './problem.ts'

/**
 * The API over HTTP: one call, one answer that has met its schema, or an ApiError. It never repeats a call by itself:
 * after a lost answer only the person knows whether repeating is wanted.
 */

/** Far above the slowest write (an apply of 100 documents), short enough for a person to wait. */
const TIMEOUT_MS = 30_000
/** A page of 100 documents of the largest size fits well within. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024

export interface Connection {
  /** Origin and path prefix, without a slash at the end. */
  readonly url: string
  readonly token: Secret<string>
  /** Names the files that belong to this API on this machine. */
  readonly name: string
  /** The context of the configuration file that it comes from. */
  readonly context?: string | undefined
}

export interface Call<T> {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Begins with a slash; its parts are encoded by `pathOf`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly answer: z.ZodType<T>
}

export interface Answer<T> {
  readonly value: T
  /** The answer as it came, for `-o json`. */
  readonly raw: unknown
  readonly etag: string | undefined
}

export interface Api {
  readonly connection: Connection
  call<T>(call: Call<T>): Promise<Result<Answer<T>, ApiError>>
}

export const pathOf = (...parts: readonly string[]): string =>
  `/v1/${parts.map((part) => encodeURIComponent(part)).join('/')}`

export const urlOf = (connection: Connection, path: string, query: Call<unknown>['query'] = {}): URL => {
  const url = new URL(connection.url + path)
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, value)
  return url
}

export const authorization = (connection: Connection): Record<string, string> => ({
  authorization: `Bearer ${connection.token.reveal()}`,
  'user-agent': `lanline/${VERSION}`,
})

export function openApi(connection: Connection, signal: AbortSignal): Api {
  return {
    connection,
    async call<T>(call: Call<T>): Promise<Result<Answer<T>, ApiError>> {
      const where = `${call.method} ${connection.url}${call.path}`
      let response: Response
      let text: string
      try {
        response = await fetch(urlOf(connection, call.path, call.query), {
          method: call.method,
          headers: {
            ...authorization(connection),
            accept: 'application/json',
            ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
            ...call.headers,
          },
          ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
          // A redirect would carry the token to a place that nobody named.
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        })
        text = await readText(response)
      } catch (error) {
        if (signal.aborted) return err({ kind: 'cancelled' })
        const lost =
          call.method === 'GET'
            ? ''
            : ' Whether the change was made is unknown; look with lanline get, repeating is safe.'
        return err({ kind: 'no-answer', text: `${where}: ${sayNetworkError(error)}.${lost}` })
      }
      return readAnswer(call, where, response, text)
    },
  }
}

function readAnswer<T>(call: Call<T>, where: string, response: Response, text: string): Result<Answer<T>, ApiError> {
  const foreign = (why: string): Result<Answer<T>, ApiError> =>
    err({ kind: 'foreign-answer', text: `${where}: ${why}` })
  if (response.status >= 300 && response.status < 400)
    return foreign(
      `answered with a redirect to ${response.headers.get('location') ?? 'nowhere'}; is this the URL of the API, and not behind a login page?`,
    )
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return foreign(`answered ${response.status} without JSON; is this the URL of the API?`)
  }
  if (!response.ok) {
    const problem = ApiProblem.safeParse(raw)
    return problem.success
      ? err({ kind: 'problem', problem: problem.data })
      : foreign(`answered ${response.status} in an unknown form`)
  }
  const value = call.answer.safeParse(raw)
  if (!value.success) {
    const issue = value.error.issues[0]
    return foreign(
      `answered in an unknown form (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}); is this CLI older or newer than the API?`,
    )
  }
  return ok({ value: value.data, raw, etag: response.headers.get('etag') ?? undefined })
}

async function readText(response: Response): Promise<string> {
  if (!response.body) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    size += part.byteLength
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large')
    text += decoder.decode(part, { stream: true })
  }
  return text + decoder.decode()
}

/** fetch hides the reason in `cause`. */
export function sayNetworkError(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause ? String(cause.code) : ''
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known'
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the connection was cut'
  return cause.message || code || 'the connection failed'
}
