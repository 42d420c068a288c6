import { vi } from 'vitest'
import { OidcProvider, type Person } from '#lab/oidc/provider.ts'
import { call, env, send, type ProblemBody } from './client.ts'

/** Accounts, people and their credentials, made as an owner makes them: by the API itself. */
export const ISSUER = 'https://login.test'
export const CLIENT_ID = 'lanline-cli'

export interface TestBinding {
  readonly role: 'reader' | 'operator' | 'admin'
  readonly on: 'everything' | { readonly site: string } | { readonly cluster: string }
}
type To = { readonly user: string } | { readonly group: string } | { readonly serviceAccount: string }
export interface TestPolicy {
  readonly bindings: readonly (TestBinding & { readonly to: To })[]
  readonly tests?: readonly unknown[]
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

/** As somebody else than the owner. */
export async function callAs<T = Record<string, unknown>>(
  token: string,
  method: string,
  path: string,
  sent: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
) {
  return await call<T>(method, path, { ...sent, headers: { ...sent.headers, ...bearer(token) } })
}

export async function readPolicy() {
  const { body, headers } = await call<Required<TestPolicy>>('GET', '/v1/policy')
  return { policy: { bindings: body.bindings, tests: body.tests }, etag: headers.get('ETag') ?? '' }
}

export async function putPolicy(policy: TestPolicy, query = '', headers: Record<string, string> = {}) {
  const { etag } = await readPolicy()
  return await call<ProblemBody>('PUT', `/v1/policy${query}`, {
    body: policy,
    headers: { 'If-Match': etag, ...headers },
  })
}

/** Adds to what the policy says; the first one makes somebody else admin, because a policy needs one. */
export async function bind(to: To, ...bindings: readonly TestBinding[]): Promise<void> {
  const { policy } = await readPolicy()
  const keeper = { role: 'admin', on: 'everything', to: { user: 'keeper@example.com' } } as const
  const answer = await putPolicy({
    ...policy,
    bindings: [
      ...policy.bindings,
      ...(policy.bindings.length === 0 ? [keeper] : []),
      ...bindings.map((one) => ({ ...one, to })),
    ],
  })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}

/** A service account with these rights, and a token of it. */
export async function anAccount(
  name: string,
  bindings: readonly TestBinding[],
  token: { readonly limit?: TestBinding; readonly expiresInDays?: number } = {},
): Promise<string> {
  await call('POST', '/v1/service-accounts', { body: { name } })
  if (bindings.length > 0) await bind({ serviceAccount: name }, ...bindings)
  return (await aToken(name, token)).token
}

export async function aToken(
  account: string,
  token: { readonly limit?: TestBinding; readonly expiresInDays?: number } = {},
) {
  const made = await call<{ token: string; id: string }>('POST', `/v1/service-accounts/${account}/tokens`, {
    body: { name: 'test', ...token },
  })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return made.body
}

/** The provider behind `fetch` of this isolate; nothing else is there. */
export async function aProvider(people: readonly Person[], issuer = ISSUER): Promise<OidcProvider> {
  const provider = await OidcProvider.make({
    issuer,
    clients: [{ clientId: CLIENT_ID, redirectUris: ['https://lanline.test/v1/login/callback'] }],
    people,
    now: () => Date.now(),
  })
  vi.stubGlobal('fetch', async (input: string | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    if (new URL(request.url).pathname === '/cdn-cgi/access/certs') return Response.json(await provider.keys.jwks())
    return await provider.handle(request)
  })
  return provider
}

export const login = async (idToken: string) => {
  const response = await send('POST', '/v1/sessions', { body: { idToken } })
  return { status: response.status, body: await response.json<ProblemBody & { token: string; name: string }>() }
}

/** Rows of a table of D1. */
export const rowsOf = async (table: string): Promise<readonly Record<string, unknown>[]> =>
  (await env.DB.prepare(`select * from ${table}`).all()).results
