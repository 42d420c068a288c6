import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf, type Api } from './client.ts'
import type { ApiError } from './problem.ts'
import { pageOf } from './views.ts'

const PAGE_SIZE = 100
/** 10,000 objects: far beyond a home or a small company, and an end for a cursor that never ends. */
const MAX_PAGES = 100

export interface Listed<T> {
  readonly items: readonly T[]
  readonly raw: readonly unknown[]
}

/** All pages of a list. */
export async function listAll<T>(
  api: Api,
  path: string,
  item: z.ZodType<T>,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<Result<Listed<T>, ApiError>> {
  const items: T[] = []
  const raw: unknown[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await api.call({
      method: 'GET',
      path,
      query: { ...query, limit: String(PAGE_SIZE), cursor },
      answer: pageOf(item),
    })
    if (!answer.ok) return answer
    items.push(...answer.value.value.items)
    raw.push(...RawPage.parse(answer.value.raw).items)
    cursor = answer.value.value.nextCursor
    if (cursor === undefined) break
  }
  return ok({ items, raw })
}

const RawPage = z.object({ items: z.array(z.unknown()) })

export const listKind = <T>(api: Api, plural: string, item: z.ZodType<T>) => listAll(api, pathOf(plural), item)
