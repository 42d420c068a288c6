import { setTimeout as wait } from 'node:timers/promises'

/** A plain client of the HTTP API for the stage: what curl would do. */
export interface StageApi {
  readonly url: string
  readonly token: string
  get<T>(path: string): Promise<T>
  /** undefined when there is no such thing. */
  find<T>(path: string): Promise<T | undefined>
  send<T>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; body: T }>
}

const TIMEOUT_MS = 30_000

/** What the local workerd says when a source file changed and it started anew: nobody has answered the request. */
const RESTARTED = 'Your worker restarted mid-request'
const RESTART_TRIES = 5
const RESTART_PAUSE_MS = 500

export function stageApi(url: string, token: string): StageApi {
  const once = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    return { status: response.status, text }
  }
  const call = async (...request: Parameters<typeof once>) => {
    for (let tries = 1; ; tries++) {
      const { status, text } = await once(...request)
      if (!text.startsWith(RESTARTED) || tries >= RESTART_TRIES)
        return { status, body: (text === '' ? undefined : JSON.parse(text)) as unknown, text }
      await wait(RESTART_PAUSE_MS)
    }
  }
  return {
    url,
    token,
    async get<T>(path: string) {
      const { status, body, text } = await call('GET', path)
      if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text}`)
      return body as T
    },
    async find<T>(path: string) {
      const { status, body, text } = await call('GET', path)
      if (status === 404) return undefined
      if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text}`)
      return body as T
    },
    async send<T>(
      method: 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: unknown,
      headers?: Readonly<Record<string, string>>,
    ) {
      const answer = await call(method, path, body, headers)
      return { status: answer.status, body: answer.body as T }
    },
  }
}
