import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env as bound, exports } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Document } from '#core/model/document.ts'
import type { ApiBindings } from '../../../workers/api/env.ts'

/** The API Worker as its callers see it, and its objects as the double lets a test see them. */
export const env = bound as unknown as ApiBindings & { readonly MIGRATIONS: D1Migration[] }
const worker = exports as unknown as { readonly default: Fetcher }

export const ORIGIN = 'https://lanline.test'
export const TOKEN = 'test-admin-token-0123456789'

export const migrate = async (): Promise<void> => await applyD1Migrations(env.DB, env.MIGRATIONS)

interface Sent {
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly redirect?: 'follow' | 'manual'
}

export interface Answered<T = unknown> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

let callers = 0
/** Each request comes from an address of its own, so that only tests about limits meet them. */
const nextAddress = (): string => `10.${(++callers >> 16) & 255}.${(callers >> 8) & 255}.${callers & 255}`

/** One request without any credential but those given. */
export async function send(
  method: string,
  path: string,
  { body, headers = {}, redirect = 'follow' }: Sent = {},
): Promise<Response> {
  return await worker.default.fetch(`${ORIGIN}${path}`, {
    method,
    redirect,
    headers: {
      'CF-Connecting-IP': nextAddress(),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** As the owner. JSON answers are parsed; each of them must carry its request id. */
export async function call<T = Record<string, unknown>>(
  method: string,
  path: string,
  sent: Sent = {},
): Promise<Answered<T>> {
  const response = await send(method, path, {
    ...sent,
    headers: { Authorization: `Bearer ${TOKEN}`, ...sent.headers },
  })
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-z]{20}$/)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as T }
}

export interface ProblemBody {
  readonly type: string
  readonly code: string
  readonly status: number
  readonly requestId: string
  readonly facts: Record<string, unknown>
  readonly errors?: readonly { pointer: string; path: string; code: string; message: string; hint?: string }[]
}

export interface ApplyBody {
  readonly results: readonly { kind: string; name: string; action: string; uid: string; generation: number }[]
  readonly plans: Record<string, PlanBody>
  readonly machinePlans: Record<string, PlanBody>
}

interface PlanBody {
  operations: { kind: string; subject: string }[]
  holds: { code: string; subject: string; text: string; unblock: string }[]
  findings: { code: string; text: string }[]
  capacity: { host: string; cpu: { free: number }; memoryMiB: { free: number } }[]
  placement: { machine: string; host: string; hosts: { host: string; says: string }[] }[]
}

export const apply = async (documents: readonly unknown[], query = '') =>
  await call<ApplyBody>('POST', `/v1/apply${query}`, { body: { documents } })

export const refusedApply = async (documents: readonly unknown[], query = '') =>
  await call<ProblemBody>('POST', `/v1/apply${query}`, { body: { documents } })

/** Applies and returns uid by `Kind/name`. */
export async function given(documents: readonly Document[]): Promise<Record<string, string>> {
  const { status, body } = await apply(documents)
  expect(status).toBe(200)
  return Object.fromEntries(body.results.map(({ kind, name, uid }) => [`${kind}/${name}`, uid]))
}

type Calls = readonly { readonly method: string; readonly args: readonly unknown[] }[]
const stubOf = (kind: 'CLUSTER' | 'SITE', uid: string) => env[kind].get(env[kind].idFromName(uid))

/** What the object was asked, in order. */
export const callsOf = async (kind: 'CLUSTER' | 'SITE', uid: string): Promise<Calls> =>
  await (await stubOf(kind, uid).fetch('https://double/calls')).json<Calls>()

/** What the object answers from now on, by method. */
export async function letAnswer(kind: 'CLUSTER' | 'SITE', uid: string, answers: Record<string, unknown>) {
  await stubOf(kind, uid).fetch('https://double/answers', { method: 'PUT', body: JSON.stringify(answers) })
}
