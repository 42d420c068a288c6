import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { visibleTo } from '#core/access/grant.ts'
import { PLURALS, toETag, type Document, type Kind } from '#core/model/document.ts'
import { Name } from '#core/model/ids.ts'
import { findDocument, listDocuments } from '#db/documents.ts'
import { findStatus, statusesOf } from '#db/statuses.ts'
import { documentAnswer, DOCUMENT_INPUTS, toDocumentAnswer } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { page, PageQuery, readCursor } from '../paging.ts'
import { readPrecondition } from '../precondition.ts'
import { deleteDocument } from '../write/delete.ts'
import { putDocument } from '../write/put.ts'
import { route } from '../route.ts'

/**
 * One kind of document as its owner wants it: read, list, put, delete. This file records intent; it never contacts a
 * site.
 */
export const Params = z.object({ name: Name })
export const DryRun = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .optional()
    .openapi({ description: 'the same checks and answer; nothing is written' }),
})
const BEGUN = <S>(schema: S) => ({
  status: 202 as const,
  description: 'deletion has begun; the object is gone when GET answers 404',
  schema,
})
const Preconditions = z.object({
  'if-match': z.string().optional().openapi({ description: 'ETag of the object the request is based on' }),
  'if-none-match': z.string().optional().openapi({ description: '* to create' }),
})

export function registerDocuments(app: OpenAPIHono<ApiEnv>, kind: Kind): void {
  const plural = PLURALS[kind]
  const schema = documentAnswer(kind)
  const tags = [plural]

  app.openapi(
    route({
      method: 'get',
      path: `/v1/${plural}`,
      access: { to: 'reader', on: 'visible' },
      tags,
      summary: `List ${plural} by name`,
      request: { query: PageQuery },
      responses: responses(
        {
          status: 200,
          description: 'one page; the next one is behind Link rel="next"',
          schema: z.object({ items: z.array(schema), nextCursor: z.string().optional() }),
        },
        ['invalid-request'],
      ),
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const after = readCursor(cursor)
      if (!after.ok) return problemResponse(c, after.error)
      const found = await listDocuments(c.var.db, kind, {
        limit: limit + 1,
        after: after.value,
        visible: visibleTo(c.var.caller),
      })
      const { items, ...rest } = page(c, { items: found, limit }, (last) => last.metadata.name)
      const statuses = await statusesOf(
        c.var.db,
        items.map(({ uid }) => uid),
      )
      return answer(c, { items: items.map((one) => toDocumentAnswer(one, statuses.get(one.uid)?.status)), ...rest })
    },
  )

  app.openapi(
    route({
      method: 'get',
      path: `/v1/${plural}/{name}`,
      access: { to: 'reader', on: kind },
      tags,
      summary: `Read one of the ${plural}`,
      request: { params: Params },
      responses: responses({ status: 200, description: 'with its ETag', schema }, ['invalid-request', 'not-found']),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const stored = await findDocument(c.var.db, kind, name)
      if (!stored) return problemResponse(c, refusal('not-found', { kind, name }))
      c.header('ETag', toETag(stored))
      return answer(c, toDocumentAnswer(stored, (await findStatus(c.var.db, stored.uid))?.status))
    },
  )

  app.openapi(
    route({
      method: 'put',
      path: `/v1/${plural}/{name}`,
      access: { to: 'operator', on: 'body' },
      tags,
      summary: `Create or change one of the ${plural}`,
      description: 'The whole document is replaced. Needs If-Match to change, If-None-Match: * to create.',
      request: {
        params: Params,
        query: DryRun,
        headers: Preconditions,
        body: { required: true, content: { 'application/json': { schema: DOCUMENT_INPUTS[kind] } } },
      },
      responses: {
        ...responses({ status: 200, description: 'changed, or identical and left alone', schema }, [
          'invalid-request',
          'body-too-large',
          'invalid-document',
          'reference-missing',
          'unsupported-version',
          'change-not-supported',
          'being-deleted',
          'precondition-required',
          'precondition-failed',
        ]),
        ...responses({ status: 201, description: 'created', schema }, []),
      },
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const document: Document = c.req.valid('json')
      const precondition = readPrecondition(c.req.raw.headers)
      if (!precondition.ok) return problemResponse(c, precondition.error)
      const put = await putDocument(c, {
        name,
        document,
        precondition: precondition.value,
        dryRun: c.req.valid('query').dryRun === 'true',
      })
      if (!put.ok) return problemResponse(c, put.error)
      c.header('ETag', toETag(put.value.stored))
      return answer(c, put.value.answer, put.value.created ? 201 : 200)
    },
  )

  app.openapi(
    route({
      method: 'delete',
      path: `/v1/${plural}/{name}`,
      // With a site go its agents and who may speak for it.
      access: { to: kind === 'Site' ? 'admin' : 'operator', on: kind },
      tags,
      summary: `Delete one of the ${plural}`,
      request: {
        params: Params,
        query: DryRun.extend({
          confirm: z
            .string()
            .optional()
            .openapi({ description: 'the name again, where lanline/deletion asks for confirmation' }),
        }),
        headers: Preconditions.pick({ 'if-match': true }),
      },
      responses: {
        ...(kind === 'Machine' ? responses(BEGUN(schema), []) : {}),
        ...responses(
          kind === 'Cluster' ? BEGUN(schema) : { status: 200, description: 'the object as it last was', schema },
          [
            'invalid-request',
            'not-found',
            'precondition-required',
            'precondition-failed',
            'deletion-forbidden',
            'confirmation-required',
            ...(kind === 'Cluster' || kind === 'Machine' ? [] : (['still-referenced'] as const)),
          ],
        ),
      },
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const precondition = readPrecondition(c.req.raw.headers)
      if (!precondition.ok || precondition.value.type === 'absent')
        return problemResponse(c, refusal('precondition-required'))
      const { confirm, dryRun } = c.req.valid('query')
      const request = { kind, name, precondition: precondition.value, confirm, dryRun: dryRun === 'true' }
      const deleted = await deleteDocument(c, request)
      if (!deleted.ok) return problemResponse(c, deleted.error)
      return answer(c, deleted.value, deleted.value.metadata.deletingAt === undefined ? 200 : 202)
    },
  )
}
