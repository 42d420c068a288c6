import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi'
import { FactsSchema } from '#core/model/problem-schema.ts'
import { listAudit } from '#db/audit.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse } from '../http.ts'
import { page, PageQuery, readNumberCursor } from '../paging.ts'

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
    facts: FactsSchema,
  })
  .openapi('AuditEntry')

export function registerAudit(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/audit',
      tags: ['audit'],
      summary: 'List what was changed, newest first',
      request: { query: PageQuery },
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
      const { limit, cursor } = c.req.valid('query')
      const before = readNumberCursor(cursor)
      if (!before.ok) return problemResponse(c, before.error)
      const found = await listAudit(c.var.db, { limit: limit + 1, before: before.value })
      const { items, ...rest } = page(c, { items: found, limit }, (last) => last.id)
      return answer(c, { items: items.map((row) => ({ ...row, at: iso(row.at) })), ...rest })
    },
  )
}
