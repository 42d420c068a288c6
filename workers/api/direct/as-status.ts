import type { Context, Next } from 'hono'
import { kubeStatus } from '#core/lane/direct-headers.ts'
import type { ApiEnv } from '../env.ts'

/**
 * Every refusal under /k8s as a Kubernetes `Status`: kubectl shows nothing else. A refused WebSocket is tried again by
 * kubectl as a SPDY POST, and only the second answer is shown, so both get the same.
 */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
}

export async function asStatus(c: Context<ApiEnv>, next: Next): Promise<void> {
  await next()
  if (!(c.res.headers.get('Content-Type') ?? '').startsWith('application/problem+json')) return
  const { status, headers } = c.res
  const problem = await c.res.json<{ title?: string; advice?: string; requestId?: string }>()
  const message = `${problem.title ?? ''} ${problem.advice ?? ''} (request ${problem.requestId ?? ''})`
  const kept = new Headers(headers)
  kept.set('Content-Type', 'application/json')
  kept.delete('Content-Length')
  c.res = undefined
  c.res = new Response(JSON.stringify(kubeStatus(status, REASONS[status] ?? 'Unknown', message)), {
    status,
    headers: kept,
  })
}
