import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { err, ok, type Result } from '#core/base/result.ts'
import type { ApiEnv } from './env.ts'
import { refusal, type Refusal } from './http.ts'

/** Lists come in pages; the cursor is opaque to callers and holds the place where the page before ended. */
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100
const MAX_CURSOR_CHARS = 200

export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().max(MAX_CURSOR_CHARS).optional(),
})

/** Tells a cursor of ours from any other text that happens to be base64. */
const PREFIX = 'after '

export const toCursor = (place: string | number): string => btoa(`${PREFIX}${place}`).replaceAll('=', '')

export function readCursor(cursor: string | undefined): Result<string | undefined, Refusal> {
  if (cursor === undefined) return ok(undefined)
  const text = decode(cursor)
  return text?.startsWith(PREFIX) ? ok(text.slice(PREFIX.length)) : err(refusal('invalid-request', { query: 'cursor' }))
}

function decode(cursor: string): string | undefined {
  try {
    return atob(cursor)
  } catch {
    return undefined
  }
}

/** A cursor over numbers, for what is ordered by age. */
export function readNumberCursor(cursor: string | undefined): Result<number | undefined, Refusal> {
  const place = readCursor(cursor)
  if (!place.ok || place.value === undefined) return place.ok ? ok(undefined) : place
  return /^\d{1,15}$/.test(place.value) ? ok(Number(place.value)) : err(refusal('invalid-request', { query: 'cursor' }))
}

/** `items` has one more than the limit when there is a next page; sets `Link` and returns the page. */
export function page<T>(
  c: Context<ApiEnv>,
  found: { readonly items: readonly T[]; readonly limit: number },
  placeOf: (last: T) => string | number,
): { readonly items: readonly T[]; readonly nextCursor?: string } {
  const items = found.items.slice(0, found.limit)
  const last = items.at(-1)
  if (found.items.length <= found.limit || last === undefined) return { items }
  return { items, nextCursor: linkNext(c, placeOf(last)) }
}

/** The cursor that goes on from there; sets `Link`. */
export function linkNext(c: Context<ApiEnv>, place: string | number): string {
  const nextCursor = toCursor(place)
  const next = new URL(c.req.url)
  next.searchParams.set('cursor', nextCursor)
  c.header('Link', `<${next.pathname}${next.search}>; rel="next"`)
  return nextCursor
}
