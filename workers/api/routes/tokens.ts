import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Uid } from '#core/model/ids.ts'
import { findCredentialById, listTokens, revokeCredential } from '#db/credentials.ts'
import { may } from '../access/caller.ts'
import { actorOf } from '../actor.ts'
import { responses } from '../answers/problem.ts'
import { MintedAnswer, TokenAnswer, TokenInput, toTokenAnswer } from '../answers/token.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { issueToken } from '../login/issue-token.ts'
import { route } from '../route.ts'

/** API tokens of people, made by themselves. A token makes no tokens: a stolen one would outlive its own end. */
export function registerTokens(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/tokens',
      access: { to: 'known' },
      tags: ['identity'],
      summary: 'Make an API token for yourself',
      request: { body: { required: true, content: { 'application/json': { schema: TokenInput } } } },
      responses: responses({ status: 201, description: 'the token', schema: MintedAnswer }, [
        'invalid-document',
        'login-required',
        'reference-missing',
        'too-many-credentials',
      ]),
    }),
    async (c) => {
      const { kind, uid, name, credential } = c.var.caller
      if (kind !== 'user' || uid === undefined || credential.kind === 'token')
        return problemResponse(c, refusal('login-required'))
      const made = await issueToken(c, { kind, uid, name }, c.req.valid('json'))
      return made.ok ? answer(c, made.value, 201) : problemResponse(c, made.error)
    },
  )

  app.openapi(
    route({
      method: 'get',
      path: '/v1/tokens',
      access: { to: 'known' },
      tags: ['identity'],
      summary: 'List your own API tokens',
      responses: responses(
        { status: 200, description: 'oldest first', schema: z.object({ items: z.array(TokenAnswer) }) },
        [],
      ),
    }),
    async (c) => {
      const { uid } = c.var.caller
      return answer(c, { items: uid === undefined ? [] : (await listTokens(c.var.db, uid)).map(toTokenAnswer) })
    },
  )

  app.openapi(
    route({
      method: 'delete',
      path: '/v1/tokens/{tokenId}',
      access: { to: 'known' },
      tags: ['identity'],
      summary: 'Revoke an API token: your own, or as admin anybody’s',
      request: { params: z.object({ tokenId: Uid }) },
      responses: responses({ status: 200, description: 'the revoked token', schema: TokenAnswer }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { caller, db, now } = c.var
      const { tokenId } = c.req.valid('param')
      const token = await findCredentialById(db, tokenId)
      const own = token !== undefined && token.principalUid === caller.uid
      if (!token || !(own || may(caller, 'admin', {})))
        return problemResponse(c, refusal('not-found', { token: tokenId }))
      await revokeCredential(db, tokenId, actorOf(c), {
        action: 'token.revoked',
        kind: token.principalKind === 'user' ? 'User' : 'ServiceAccount',
        name: token.name,
        uid: token.principalUid,
        facts: { tokenId },
      })
      return answer(c, toTokenAnswer({ ...token, revokedAt: token.revokedAt ?? now }))
    },
  )
}
