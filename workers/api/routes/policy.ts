import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { checkPolicy } from '#core/access/check-policy.ts'
import { roleAt } from '#core/access/grant.ts'
import { grantsOf, PolicySpec } from '#core/access/policy.ts'
import { problem } from '#core/model/problem.ts'
import { readPolicy, readPolicyWorld, writePolicy, type StoredPolicy } from '#db/policy.ts'
import type { Caller } from '../access/caller.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { toFieldError } from '../check/issues.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal, type Refusal } from '../http.ts'
import { readPrecondition } from '../precondition.ts'
import { route } from '../route.ts'
import { DryRun } from './documents.ts'

/** Who may do what: one document, replaced as a whole, and only by one that passes its own tests. */
const PolicyAnswer = z
  .object({
    bindings: PolicySpec.shape.bindings,
    tests: PolicySpec.shape.tests,
    generation: z.number().int(),
    updatedAt: z.iso.datetime().optional(),
  })
  .openapi('StoredPolicy')
const ADMIN = { to: 'admin', on: 'everything' } as const
const toETag = (generation: number): string => `"policy.${generation}"`

const toAnswer = ({ bindings, tests, generation, updatedAt }: StoredPolicy) => ({
  bindings,
  tests,
  generation,
  ...(updatedAt === undefined ? {} : { updatedAt: iso(updatedAt) }),
})

export function registerPolicy(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/policy',
      access: ADMIN,
      tags: ['identity'],
      summary: 'Read the policy',
      responses: responses({ status: 200, description: 'with its ETag', schema: PolicyAnswer }, []),
    }),
    async (c) => {
      const policy = await readPolicy(c.var.db)
      c.header('ETag', toETag(policy.generation))
      return answer(c, toAnswer(policy))
    },
  )

  app.openapi(
    route({
      method: 'put',
      path: '/v1/policy',
      access: ADMIN,
      tags: ['identity'],
      summary: 'Replace the policy',
      description:
        'It is accepted only when its tests hold, and when you could still change it afterwards. Needs If-Match.',
      request: {
        query: DryRun,
        headers: z.object({ 'if-match': z.string().optional().openapi({ description: 'ETag of the policy as read' }) }),
        body: { required: true, content: { 'application/json': { schema: PolicySpec } } },
      },
      responses: responses({ status: 200, description: 'the policy', schema: PolicyAnswer }, [
        'invalid-document',
        'reference-missing',
        'policy-test-failed',
        'policy-locks-out',
        'precondition-required',
        'precondition-failed',
      ]),
    }),
    async (c) => {
      const { db, caller, now } = c.var
      const precondition = readPrecondition(c.req.raw.headers)
      if (!precondition.ok || precondition.value.type === 'absent')
        return problemResponse(c, refusal('precondition-required'))
      const { generation } = await readPolicy(db)
      const current = toETag(generation)
      const expected = precondition.value.etag
      if (expected !== current) return problemResponse(c, refusal('precondition-failed', { expected, current }))
      const policy = c.req.valid('json')
      const uids = await readPolicyWorld(db)
      const refused = judge(policy, uids, caller)
      if (refused) return problemResponse(c, refused)
      if (c.req.valid('query').dryRun === 'true') return answer(c, { ...policy, generation })
      const written = await writePolicy(db, policy, { basedOn: generation, uids }, actorOf(c))
      if (!written.ok) return problemResponse(c, refusal('precondition-failed', { expected }))
      c.header('ETag', toETag(written.value))
      return answer(c, toAnswer({ ...policy, generation: written.value, updatedAt: now }))
    },
  )
}

function judge(policy: PolicySpec, world: Parameters<typeof checkPolicy>[1], caller: Caller): Refusal | undefined {
  const errors = checkPolicy(policy, world).map((found) => toFieldError(found, []))
  const [first] = errors
  if (first) return { problem: problem(first.code), errors }
  const mine = { grants: grantsOf(caller.subject, policy.bindings) }
  if (caller.kind === 'bootstrap' || roleAt(mine, {}) === 'admin') return undefined
  return refusal('policy-locks-out', { you: caller.name })
}
