import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Name, Uid } from '#core/model/ids.ts'
import { listTokens } from '#db/credentials.ts'
import {
  createServiceAccount,
  findServiceAccount,
  listServiceAccounts,
  removeServiceAccount,
  type ServiceAccount,
} from '#db/service-accounts.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { MintedAnswer, TokenAnswer, TokenInput, toTokenAnswer } from '../answers/token.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { issueToken } from '../login/issue-token.ts'
import { newUid } from '../login/mint.ts'
import { page, PageQuery, readCursor } from '../paging.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** Programs with rights of their own. Only admins make them and their tokens. */
const AccountAnswer = z.object({ name: Name, uid: Uid, createdAt: z.iso.datetime() }).openapi('ServiceAccount')
const toAnswer = ({ name, uid, createdAt }: ServiceAccount): z.infer<typeof AccountAnswer> => ({
  name,
  uid,
  createdAt: iso(createdAt),
})
const ADMIN = { to: 'admin', on: 'everything' } as const

export function registerServiceAccounts(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/service-accounts',
      access: ADMIN,
      tags: ['identity'],
      summary: 'Make a service account; it has no rights until the policy gives it some',
      request: {
        body: { required: true, content: { 'application/json': { schema: z.strictObject({ name: Name }) } } },
      },
      responses: responses({ status: 201, description: 'made', schema: AccountAnswer }, [
        'invalid-document',
        'name-taken',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('json')
      const account = { uid: newUid(c.var.now), name, createdAt: c.var.now }
      const made = await createServiceAccount(c.var.db, account, actorOf(c))
      return made === 'exists' ? problemResponse(c, refusal('name-taken', { name })) : answer(c, toAnswer(account), 201)
    },
  )

  app.openapi(
    route({
      method: 'get',
      path: '/v1/service-accounts',
      access: ADMIN,
      tags: ['identity'],
      summary: 'List service accounts by name',
      request: { query: PageQuery },
      responses: responses(
        {
          status: 200,
          description: 'one page',
          schema: z.object({ items: z.array(AccountAnswer), nextCursor: z.string().optional() }),
        },
        ['invalid-request'],
      ),
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const after = readCursor(cursor)
      if (!after.ok) return problemResponse(c, after.error)
      const found = await listServiceAccounts(c.var.db, { limit: limit + 1, after: after.value })
      const { items, ...rest } = page(c, { items: found, limit }, (last) => last.name)
      return answer(c, { items: items.map(toAnswer), ...rest })
    },
  )

  app.openapi(
    route({
      method: 'delete',
      path: '/v1/service-accounts/{name}',
      access: ADMIN,
      tags: ['identity'],
      summary: 'Remove a service account with its tokens and its rights',
      request: { params: Params },
      responses: responses({ status: 200, description: 'as it last was', schema: AccountAnswer }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const account = await findServiceAccount(c.var.db, name)
      if (!account) return problemResponse(c, refusal('not-found', { serviceAccount: name }))
      await removeServiceAccount(c.var.db, account, actorOf(c))
      return answer(c, toAnswer(account))
    },
  )

  app.openapi(
    route({
      method: 'post',
      path: '/v1/service-accounts/{name}/tokens',
      access: ADMIN,
      tags: ['identity'],
      summary: 'Make an API token for a service account',
      request: {
        params: Params,
        body: { required: true, content: { 'application/json': { schema: TokenInput } } },
      },
      responses: responses({ status: 201, description: 'the token', schema: MintedAnswer }, [
        'invalid-request',
        'invalid-document',
        'not-found',
        'reference-missing',
        'too-many-credentials',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const account = await findServiceAccount(c.var.db, name)
      if (!account) return problemResponse(c, refusal('not-found', { serviceAccount: name }))
      const made = await issueToken(c, { kind: 'service-account', uid: account.uid, name }, c.req.valid('json'))
      return made.ok ? answer(c, made.value, 201) : problemResponse(c, made.error)
    },
  )

  app.openapi(
    route({
      method: 'get',
      path: '/v1/service-accounts/{name}/tokens',
      access: ADMIN,
      tags: ['identity'],
      summary: 'List the API tokens of a service account',
      request: { params: Params },
      responses: responses(
        { status: 200, description: 'oldest first', schema: z.object({ items: z.array(TokenAnswer) }) },
        ['invalid-request', 'not-found'],
      ),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const account = await findServiceAccount(c.var.db, name)
      if (!account) return problemResponse(c, refusal('not-found', { serviceAccount: name }))
      return answer(c, { items: (await listTokens(c.var.db, account.uid)).map(toTokenAnswer) })
    },
  )
}
