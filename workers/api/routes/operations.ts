import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { ok } from '#core/base/result.ts'
import { OPERATION_KINDS, OperationState } from '#core/model/operation.ts'
import { clusterUidOf, Name, OperationId } from '#core/model/ids.ts'
import { recordAudit } from '#db/audit.ts'
import { findDocumentByUid } from '#db/documents.ts'
import { actorOf } from '../actor.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { clusterObject, hasObject } from '../objects.ts'
import { linkNext, PageQuery, readCursor } from '../paging.ts'
import { fromPlace, operationsOfAll, operationsOfOne, toPlace } from '../read/operations-page.ts'
import { route } from '../route.ts'

/** What is being done and was done to a cluster, and the two decisions a person can make about what is stuck. */
const OperationAnswer = z
  .object({
    operationId: OperationId,
    kind: z.enum(OPERATION_KINDS),
    cluster: z.string(),
    subject: z.string(),
    key: z.string(),
    input: z.record(z.string(), z.unknown()),
    state: OperationState,
    attempt: z.number().int(),
    createdAt: z.number().int(),
    startedAt: z.number().int().optional(),
    finishedAt: z.number().int().optional(),
    step: z.string().optional(),
    unreported: z.boolean().optional(),
    cancelling: z.boolean().optional(),
    result: z
      .object({ outcome: z.enum(['succeeded', 'failed', 'cancelled']) })
      .loose()
      .optional(),
    decision: z.enum(['retry', 'abandon']).optional(),
    retryable: z.boolean().openapi({ description: 'it waits for a person: retry or abandon' }),
  })
  .openapi('Operation')

export function registerOperations(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/operations',
      access: { to: 'reader', on: 'visible' },
      tags: ['operations'],
      summary:
        'List the operations of a cluster or of a managed machine, newest first, or of all clusters one after the other',
      request: { query: PageQuery.extend({ cluster: Name.optional(), machine: Name.optional() }) },
      responses: responses(
        {
          status: 200,
          description: 'one page',
          schema: z.object({ items: z.array(OperationAnswer), nextCursor: z.string().optional() }),
        },
        ['invalid-request', 'not-found'],
      ),
    }),
    async (c) => {
      const { cluster, machine, limit, cursor } = c.req.valid('query')
      if (cluster !== undefined && machine !== undefined)
        return problemResponse(
          c,
          refusal('invalid-request', { query: 'machine', reason: 'name a cluster or a machine' }),
        )
      const text = readCursor(cursor)
      if (!text.ok) return problemResponse(c, text.error)
      const place = toPlace(text.value)
      if (!place.ok) return problemResponse(c, place.error)
      const asked = { limit, place: place.value, caller: c.var.caller }
      const found =
        machine !== undefined
          ? await operationsOfOne(c.var.db, c.env, 'Machine', machine, asked)
          : cluster === undefined
            ? ok(await operationsOfAll(c.var.db, c.env, asked))
            : await operationsOfOne(c.var.db, c.env, 'Cluster', cluster, asked)
      if (!found.ok) return problemResponse(c, found.error)
      const { items, next } = found.value
      return answer(c, { items, ...(next ? { nextCursor: linkNext(c, fromPlace(next)) } : {}) })
    },
  )

  for (const decision of ['retry', 'abandon'] as const) {
    app.openapi(
      route({
        method: 'post',
        path: `/v1/operations/{id}/${decision}`,
        access: { to: 'operator', on: 'operation' },
        tags: ['operations'],
        summary:
          decision === 'retry' ? 'Give a stuck operation a new budget of attempts' : 'Close a stuck operation for good',
        request: { params: z.object({ id: OperationId }) },
        responses: responses({ status: 200, description: 'the operation', schema: OperationAnswer }, [
          'invalid-request',
          'not-found',
          'operation-not-stuck',
        ]),
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const uid = clusterUidOf(id)
        // The document is looked up first, so that a made-up id brings no object to life.
        const stored = await findDocumentByUid(c.var.db, uid)
        if (!stored || !hasObject(stored)) return problemResponse(c, refusal('not-found', { operation: id }))
        const object = clusterObject(c.env, uid)
        const decided = await object.decide(id, decision)
        if (!decided.ok) return problemResponse(c, { problem: decided.problem })
        const name = stored.metadata.name
        await recordAudit(c.var.db, actorOf(c), [
          {
            action: decision === 'retry' ? 'operation.retried' : 'operation.abandoned',
            kind: stored.kind,
            name,
            uid,
            facts: { operationId: id },
          },
        ])
        const operation = await object.operation(id)
        if (!operation) return problemResponse(c, refusal('not-found', { operation: id }))
        return answer(c, { ...operation, cluster: name })
      },
    )
  }
}
