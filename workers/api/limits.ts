import type { Context } from 'hono'
import type { ApiEnv } from './env.ts'
import { refusal, type Refusal } from './http.ts'

/**
 * How often one may ask. The counters are Cloudflare's rate limiting bindings: they cost nothing, keep no row, and count
 * by location of the network, so the true limit of a caller who is everywhere is a multiple. The numbers stand in
 * wrangler.toml. A deployment without the bindings has no such limits.
 */
export interface RateLimit {
  limit(asked: { readonly key: string }): Promise<{ readonly success: boolean }>
}

/** Cookies and tokens of an honest client take a few KiB; the platform itself takes 128. */
const MAX_HEADER_CHARS = 32 * 1024

/** The address Cloudflare saw; a client cannot set it. Locally there is none. */
export const addressOf = (request: Request): string | undefined => request.headers.get('CF-Connecting-IP') ?? undefined

export function checkHeaders({ headers }: Request): Refusal | undefined {
  let chars = 0
  headers.forEach((value, name) => (chars += value.length + name.length))
  return chars > MAX_HEADER_CHARS ? refusal('headers-too-large', { maxChars: MAX_HEADER_CHARS }) : undefined
}

/** Everything from one address, before anything is looked at. */
export const limitAddress = (c: Context<ApiEnv>): Promise<Refusal | undefined> =>
  limited(c.env.ADDRESS_LIMIT, addressOf(c.req.raw) ?? 'here')

/** Logins, and credentials that were no good: what somebody does who guesses. */
export const limitAttempts = (c: Context<ApiEnv>): Promise<Refusal | undefined> =>
  limited(c.env.ATTEMPT_LIMIT, addressOf(c.req.raw) ?? 'here')

export const limitIdentity = (c: Context<ApiEnv>, actor: string): Promise<Refusal | undefined> =>
  limited(c.env.IDENTITY_LIMIT, actor)

async function limited(counter: RateLimit | undefined, key: string): Promise<Refusal | undefined> {
  if (!counter) return undefined
  return (await counter.limit({ key })).success ? undefined : refusal('too-many-requests')
}
