/** A plain client of the HTTP API for the stage: what curl would do. */
export interface StageApi {
  readonly url: string
  readonly token: string
  get<T>(path: string): Promise<T>
  send<T>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; body: T }>
}

const TIMEOUT_MS = 30_000

export function stageApi(url: string, token: string): StageApi {
  const call = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
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
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as unknown, text }
  }
  return {
    url,
    token,
    async get<T>(path: string) {
      const { status, body, text } = await call('GET', path)
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
