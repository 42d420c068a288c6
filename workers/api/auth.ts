import type { Context, Next } from 'hono'
import type { ApiBindings, ApiEnv } from './env.ts'
import { problemResponse, refusal } from './http.ts'

/**
 * Nobody passes without the admin token, not even to learn that a path does not exist.
 *
 * Basic credentials (token as password) are for a browser that opens /docs. Browsers send them by themselves, so they
 * only read: otherwise a foreign page could make the browser write.
 */
const MIN_TOKEN_CHARS = 16

export async function authorise(c: Context<ApiEnv>, next: Next): Promise<Response | undefined> {
  if (!(c.env.ADMIN_TOKEN?.length >= MIN_TOKEN_CHARS))
    throw new Error(`the secret ADMIN_TOKEN is not set or has fewer than ${MIN_TOKEN_CHARS} characters`)
  const given = credentialOf(c.req.raw)
  if (given !== undefined && (await isToken(c.env, given))) {
    await next()
    return undefined
  }
  const response = problemResponse(c, refusal('unauthorized'))
  response.headers.set('WWW-Authenticate', isPage(c.req.raw) ? BASIC : BEARER)
  return response
}

/** One challenge each: browsers see a list of them as one unknown scheme and never ask for a password. */
const BASIC = 'Basic realm="lanline: any name, the admin token as password", charset="UTF-8"'
const BEARER = 'Bearer realm="lanline"'
const isPage = (request: Request): boolean =>
  isReading(request) && (request.headers.get('Accept') ?? '').includes('text/html')

/** The actor in the audit while there is one owner and one token. */
export const ACTOR = 'admin'

const isReading = (request: Request): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && !request.headers.has('Upgrade')

function credentialOf(request: Request): string | undefined {
  const [scheme = '', value = '', ...rest] = (request.headers.get('Authorization') ?? '').split(' ')
  if (rest.length > 0 || value === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic' || !isReading(request)) return undefined
  try {
    const pair = atob(value)
    return pair.slice(pair.indexOf(':') + 1)
  } catch {
    return undefined
  }
}

/** Compares digests of equal length in constant time, so that neither length nor prefix of the token shows. */
async function isToken(env: ApiBindings, given: string): Promise<boolean> {
  const digest = async (text: string) => await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const [a, b] = await Promise.all([digest(given), digest(env.ADMIN_TOKEN)])
  return crypto.subtle.timingSafeEqual(a, b)
}
