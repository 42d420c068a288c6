import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { FactsSchema } from '#core/model/problem-schema.ts'
import type { Context } from 'hono'
import { listAudit, type AuditRow } from '#db/audit.ts'
import { recordAuditSometimes } from '#db/coalesced-audit.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse } from '../http.ts'
import { page, PageQuery, readNumberCursor } from '../paging.ts'
import { route } from '../route.ts'

/** Who changed or revealed what, and in which request. */
const AuditAnswer = z
  .object({
    id: z.number().int(),
    at: z.iso.datetime(),
    actor: z.string(),
    action: z.string(),
    kind: z.string(),
    name: z.string(),
    uid: z.string(),
    generation: z.number().int().optional(),
    requestId: z.string(),
    outcome: z.string().openapi({ description: 'done, or the code of the refusal' }),
    source: z.string().optional().openapi({ description: 'network address the request came from' }),
    facts: FactsSchema,
  })
  .openapi('AuditEntry')

const MAX_WORD_CHARS = 700
const word = z.string().min(1).max(MAX_WORD_CHARS).optional()
const AuditQuery = PageQuery.extend({
  actor: word.openapi({ description: 'as in user:alice@example.com' }),
  action: word.openapi({ description: 'as in document.changed' }),
  kind: word.openapi({ description: 'of the subject' }),
  name: word.openapi({ description: 'of the subject' }),
  since: z.iso.datetime().optional(),
  after: z.coerce.number().int().min(0).optional().openapi({ description: 'only rows with a greater id, to follow' }),
})

/** Where from and what became of it are stored among the facts. */
function toAnswer({ facts, at, ...row }: AuditRow) {
  const { source, outcome, ...others } = facts
  return {
    ...row,
    at: iso(at),
    outcome: typeof outcome === 'string' ? outcome : 'done',
    ...(typeof source === 'string' ? { source } : {}),
    facts: others,
  }
}

/** Who follows the audit reads it every few seconds; that is one fact, not thousands. */
const READING_EVERY_MS = 10 * 60_000

function recordReading(c: Context<ApiEnv>): void {
  const actor = actorOf(c)
  const entry = { action: 'audit.read', kind: 'Audit', name: 'audit', uid: '' }
  const once = { key: `audit.read:${actor.actor}`, everyMs: READING_EVERY_MS }
  c.executionCtx.waitUntil(recordAuditSometimes(c.var.db, actor, entry, once))
}

export function registerAudit(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/audit',
      access: { to: 'admin', on: 'everything' },
      tags: ['audit'],
      summary: 'List what was changed, newest first',
      request: { query: AuditQuery },
      responses: responses(
        {
          status: 200,
          description: 'one page',
          schema: z.object({ items: z.array(AuditAnswer), nextCursor: z.string().optional() }),
        },
        ['invalid-request'],
      ),
    }),
    async (c) => {
      const { limit, cursor, since, ...filter } = c.req.valid('query')
      const before = readNumberCursor(cursor)
      if (!before.ok) return problemResponse(c, before.error)
      const from = since === undefined ? undefined : Date.parse(since)
      const found = await listAudit(c.var.db, { ...filter, since: from, limit: limit + 1, before: before.value })
      recordReading(c)
      const { items, ...rest } = page(c, { items: found, limit }, (last) => last.id)
      return answer(c, { items: items.map(toAnswer), ...rest })
    },
  )
}
