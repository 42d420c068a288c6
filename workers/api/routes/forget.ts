import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { PLURALS } from '#core/model/document.ts'
import { documentAnswer } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { readPrecondition } from '../precondition.ts'
import { forgetDocument } from '../write/delete.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** Dropping a cluster, or a machine that is none's, without touching what runs. */
export function registerForget(app: OpenAPIHono<ApiEnv>): void {
  registerOf(app, 'Cluster', '/v1/clusters/{name}/forget', 'Drop a cluster and leave its machines alone')
  registerOf(app, 'Machine', '/v1/machines/{name}/forget', 'Drop a machine and leave its guest alone')
}

function registerOf(app: OpenAPIHono<ApiEnv>, kind: 'Cluster' | 'Machine', path: string, summary: string): void {
  app.openapi(
    route({
      method: 'post',
      path,
      access: { to: 'admin', on: kind },
      tags: [PLURALS[kind]],
      summary,
      description:
        kind === 'Cluster'
          ? 'The machines run on and count as somebody else’s guests. Nothing here knows them any more; the recovery files do.'
          : 'The guest runs on and counts as somebody else’s. Nothing here knows it any more.',
      request: {
        params: Params,
        query: z.strictObject({ confirm: z.string().optional().openapi({ description: 'the name again' }) }),
        headers: z.object({
          'if-match': z.string().optional().openapi({ description: 'ETag of the object the request is based on' }),
        }),
      },
      responses: responses(
        {
          status: 202,
          description: 'the object is gone when GET answers 404',
          schema: documentAnswer(kind),
        },
        [
          'invalid-request',
          'not-found',
          'precondition-required',
          'precondition-failed',
          'deletion-forbidden',
          'confirmation-required',
        ],
      ),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const precondition = readPrecondition(c.req.raw.headers)
      if (!precondition.ok || precondition.value.type === 'absent')
        return problemResponse(c, refusal('precondition-required'))
      const { confirm } = c.req.valid('query')
      const forgotten = await forgetDocument(c, { kind, name, precondition: precondition.value, confirm })
      return forgotten.ok ? answer(c, forgotten.value, 202) : problemResponse(c, forgotten.error)
    },
  )
}
