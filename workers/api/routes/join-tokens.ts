import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Uid } from '#core/model/ids.ts'
import { findDocument } from '#db/documents.ts'
import { listJoinTokens, revokeJoinToken, type JoinTokenRow } from '#db/join-tokens.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** Join tokens after they were made: which there are, and taking one back. None of them can be shown again. */
const JoinTokenEntry = z
  .object({
    id: z.string(),
    name: z.string(),
    approve: z.boolean().openapi({ description: 'the agent it admits needs no approval' }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    usedBy: Uid.optional().openapi({ description: 'the agent it admitted' }),
  })
  .openapi('JoinTokenEntry')

const toEntry = ({ createdAt, expiresAt, usedBy, ...token }: JoinTokenRow): z.infer<typeof JoinTokenEntry> => ({
  ...token,
  createdAt: iso(createdAt),
  expiresAt: iso(expiresAt),
  ...(usedBy === undefined ? {} : { usedBy }),
})

export function registerJoinTokens(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/sites/{name}/join-tokens',
      access: { to: 'admin', on: 'Site' },
      tags: ['agents'],
      summary: 'List the join tokens of the site that have not expired',
      request: { params: Params },
      responses: responses(
        { status: 200, description: 'oldest first', schema: z.object({ items: z.array(JoinTokenEntry) }) },
        ['invalid-request', 'not-found'],
      ),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      if (!site) return problemResponse(c, refusal('not-found', { kind: 'Site', name }))
      return answer(c, { items: (await listJoinTokens(c.var.db, site.uid, c.var.now)).map(toEntry) })
    },
  )

  app.openapi(
    route({
      method: 'delete',
      path: '/v1/sites/{name}/join-tokens/{tokenId}',
      access: { to: 'admin', on: 'Site' },
      tags: ['agents'],
      summary: 'Take a join token back; an agent that it admitted stays',
      request: { params: Params.extend({ tokenId: z.string().regex(/^[0-9a-f]{12}$/) }) },
      responses: responses({ status: 200, description: 'the token that was', schema: JoinTokenEntry }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name, tokenId } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      const tokens = site ? await listJoinTokens(c.var.db, site.uid, c.var.now) : []
      const token = tokens.find(({ id }) => id === tokenId)
      if (!site || !token) return problemResponse(c, refusal('not-found', { site: name, tokenId }))
      await revokeJoinToken(c.var.db, { uid: site.uid, name }, token, actorOf(c))
      return answer(c, toEntry(token))
    },
  )
}
