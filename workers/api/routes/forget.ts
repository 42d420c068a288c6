import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { documentAnswer } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { readPrecondition } from '../precondition.ts'
import { forgetCluster } from '../write/delete.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** Dropping a cluster without touching its machines. A stand-alone Machine is never touched: its deletion is just that. */
export function registerForget(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/clusters/{name}/forget',
      access: { to: 'admin', on: 'Cluster' },
      tags: ['clusters'],
      summary: 'Drop a cluster and leave its machines alone',
      description:
        'The machines run on and count as somebody else’s guests. Nothing here knows them any more; the recovery files do.',
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
          schema: documentAnswer('Cluster'),
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
      const forgotten = await forgetCluster(c, { name, precondition: precondition.value, confirm })
      return forgotten.ok ? answer(c, forgotten.value, 202) : problemResponse(c, forgotten.error)
    },
  )
}
