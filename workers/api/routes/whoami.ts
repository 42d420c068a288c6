import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Scope } from '#core/access/grant.ts'
import { Role } from '#core/access/role.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer } from '../http.ts'
import { route } from '../route.ts'

export const GrantAnswer = z.object({ role: Role, on: Scope })

/** Who the API takes the caller for, and what that one may do. */
const WhoamiAnswer = z
  .object({
    kind: z.enum(['bootstrap', 'user', 'service-account']),
    name: z.string(),
    names: z.array(z.string()).openapi({ description: 'by which a policy may name this user' }),
    groups: z.array(z.string()),
    grants: z.array(GrantAnswer),
    credential: z.object({
      kind: z.enum(['bootstrap', 'token', 'session', 'access']),
      id: z.string().optional(),
      expiresAt: z.iso.datetime().optional(),
      limit: GrantAnswer.optional().openapi({ description: 'what the token is good for at most' }),
    }),
  })
  .openapi('Whoami')

export function registerWhoami(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/whoami',
      access: { to: 'known' },
      tags: ['identity'],
      summary: 'Say who is asking and what they may do',
      responses: responses({ status: 200, description: 'the caller', schema: WhoamiAnswer }, []),
    }),
    (c) => {
      const { kind, name, subject, grants, limit, credential } = c.var.caller
      const { expiresAt, id } = credential
      return answer<z.infer<typeof WhoamiAnswer>>(c, {
        kind,
        name,
        names: [...subject.users],
        groups: [...subject.groups],
        grants: [...grants],
        credential: {
          kind: credential.kind,
          ...(id === undefined ? {} : { id }),
          ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
          ...(limit ? { limit } : {}),
        },
      })
    },
  )
}
