import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi'
import { isOpen, OPERATION_KINDS, OperationState, type Operation } from '#core/model/operation.ts'
import { clusterUidOf, Name, OperationId } from '#core/model/ids.ts'
import { recordAudit } from '#db/audit.ts'
import { findDocument, findDocumentByUid } from '#db/documents.ts'
import { findStatus, type PublishedStatus } from '#db/statuses.ts'
import { actorOf } from '../actor.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { clusterObject } from '../objects.ts'
import { page, PageQuery, readNumberCursor } from '../paging.ts'

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

const toAnswer = (operation: Operation, cluster: string, stuck: ReadonlySet<string>) => ({
  ...operation,
  cluster,
  retryable: stuck.has(operation.operationId) && !isOpen(operation.state),
})

/** Ids of the operations that hold the cluster until a person decides. */
function stuckOperations(published: PublishedStatus | undefined): ReadonlySet<string> {
  const status = z
    .object({ waiting: z.array(z.object({ code: z.string(), facts: z.record(z.string(), z.unknown()) })) })
    .safeParse(published?.status)
  const ids = (status.data?.waiting ?? [])
    .filter(({ code, facts }) => STUCK.includes(code) && facts['abandoned'] !== true)
    .map(({ facts }) => facts['operationId'])
  return new Set(ids.filter((id) => typeof id === 'string'))
}
const STUCK = ['attempts-exhausted', 'needs-human']

const numberOf = (operation: Operation): number => Number(operation.operationId.split('-')[1])

export function registerOperations(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/operations',
      tags: ['operations'],
      summary: 'List the operations of a cluster, newest first',
      request: { query: PageQuery.extend({ cluster: Name }) },
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
      const { cluster, limit, cursor } = c.req.valid('query')
      const before = readNumberCursor(cursor)
      if (!before.ok) return problemResponse(c, before.error)
      const stored = await findDocument(c.var.db, 'Cluster', cluster)
      if (!stored) return problemResponse(c, refusal('not-found', { kind: 'Cluster', name: cluster }))
      const [found, status] = await Promise.all([
        clusterObject(c.env, stored.uid).operations({ limit: limit + 1, before: before.value }),
        findStatus(c.var.db, stored.uid),
      ])
      const { items, ...rest } = page(c, { items: found, limit }, numberOf)
      const stuck = stuckOperations(status)
      return answer(c, { items: items.map((operation) => toAnswer(operation, cluster, stuck)), ...rest })
    },
  )

  for (const decision of ['retry', 'abandon'] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/v1/operations/{id}/${decision}`,
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
        if (stored?.kind !== 'Cluster') return problemResponse(c, refusal('not-found', { operation: id }))
        const object = clusterObject(c.env, uid)
        const decided = await object.decide(id, decision)
        if (!decided.ok) return problemResponse(c, { problem: decided.problem })
        const name = stored.metadata.name
        await recordAudit(c.var.db, actorOf(c), [
          {
            action: decision === 'retry' ? 'operation.retried' : 'operation.abandoned',
            kind: 'Cluster',
            name,
            uid,
            facts: { operationId: id },
          },
        ])
        const operation = await object.operation(id)
        if (!operation) return problemResponse(c, refusal('not-found', { operation: id }))
        return answer(c, toAnswer(operation, name, new Set()))
      },
    )
  }
}
