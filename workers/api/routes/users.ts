import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Uid } from '#core/model/ids.ts'
import { findUser, listUsers, nameOfUser, setUserDisabled, type User } from '#db/users.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { page, PageQuery, readCursor } from '../paging.ts'
import { route } from '../route.ts'

/** People who have logged in here. Their provider describes them; here they can only be shut out. */
const UserAnswer = z
  .object({
    uid: Uid,
    name: z.string(),
    issuer: z.string(),
    subject: z.string(),
    email: z.string().optional(),
    groups: z.array(z.string()),
    lastLoginAt: z.iso.datetime(),
    disabledAt: z.iso.datetime().optional(),
  })
  .openapi('User')

const toAnswer = (user: User): z.infer<typeof UserAnswer> => ({
  uid: user.uid,
  name: nameOfUser(user),
  issuer: user.issuer,
  subject: user.subject,
  ...(user.email === undefined ? {} : { email: user.email }),
  groups: [...user.groups],
  lastLoginAt: iso(user.lastLoginAt),
  ...(user.disabledAt === undefined ? {} : { disabledAt: iso(user.disabledAt) }),
})
const ADMIN = { to: 'admin', on: 'everything' } as const

export function registerUsers(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/users',
      access: ADMIN,
      tags: ['identity'],
      summary: 'List the people who have logged in',
      request: { query: PageQuery },
      responses: responses(
        {
          status: 200,
          description: 'one page, in the order in which they first came',
          schema: z.object({ items: z.array(UserAnswer), nextCursor: z.string().optional() }),
        },
        ['invalid-request'],
      ),
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const after = readCursor(cursor)
      if (!after.ok) return problemResponse(c, after.error)
      const found = await listUsers(c.var.db, { limit: limit + 1, after: after.value })
      const { items, ...rest } = page(c, { items: found, limit }, (last) => last.uid)
      return answer(c, { items: items.map(toAnswer), ...rest })
    },
  )

  for (const act of ['disable', 'enable'] as const) {
    app.openapi(
      route({
        method: 'post',
        path: `/v1/users/{uid}/${act}`,
        access: ADMIN,
        tags: ['identity'],
        summary: act === 'disable' ? 'Shut a person out, with every session and token' : 'Let a person in again',
        request: { params: z.object({ uid: Uid }) },
        responses: responses({ status: 200, description: 'the person', schema: UserAnswer }, [
          'invalid-request',
          'not-found',
        ]),
      }),
      async (c) => {
        const { uid } = c.req.valid('param')
        const user = await findUser(c.var.db, uid)
        if (!user) return problemResponse(c, refusal('not-found', { user: uid }))
        await setUserDisabled(c.var.db, user, act === 'disable', actorOf(c))
        const after = await findUser(c.var.db, uid)
        return answer(c, toAnswer(after ?? user))
      },
    )
  }
}
