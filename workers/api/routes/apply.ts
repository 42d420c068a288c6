import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { ok } from '#core/base/result.ts'
import { MAX_DOCUMENTS, type Document } from '#core/model/document.ts'
import { actorOf } from '../actor.ts'
import { AnyDocumentInput, KIND_ENUM } from '../answers/document.ts'
import { PlanAnswer } from '../answers/plan.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse } from '../http.ts'
import { untilWon } from '../write/attempts.ts'
import { armAlarms, awakenedBy, commit, tooManyAwakened, wakeNow } from '../write/commit.ts'
import { previewPlans } from '../write/preview.ts'
import { propose } from '../write/propose.ts'
import { route } from '../route.ts'
import { DryRun } from './documents.ts'

/** Many documents at once, all or nothing: what `lanline apply -f` sends. Whole documents replace what is stored. */
const ApplyBody = z.strictObject({ documents: z.array(AnyDocumentInput).min(1).max(MAX_DOCUMENTS) }).openapi('Apply')

const ApplyAnswer = z.object({
  results: z.array(
    z.object({
      kind: KIND_ENUM,
      name: z.string(),
      action: z.enum(['created', 'changed', 'unchanged']),
      uid: z.string(),
      generation: z.number().int(),
    }),
  ),
  plans: z.record(z.string(), PlanAnswer).openapi({ description: 'by name of the cluster' }),
  machinePlans: z
    .record(z.string(), PlanAnswer)
    .optional()
    .openapi({ description: 'by name of the managed Machine, of those that are new or changed' }),
})
type ApplyAnswer = z.infer<typeof ApplyAnswer>

export function registerApply(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/apply',
      access: { to: 'operator', on: 'body' },
      tags: ['apply'],
      summary: 'Apply documents, all or nothing',
      request: {
        query: DryRun,
        body: { required: true, content: { 'application/json': { schema: ApplyBody } } },
      },
      responses: responses({ status: 200, description: 'what became of each document', schema: ApplyAnswer }, [
        'invalid-request',
        'body-too-large',
        'invalid-document',
        'reference-missing',
        'unsupported-version',
        'change-not-supported',
        'being-deleted',
      ]),
    }),
    async (c) => {
      const documents: readonly Document[] = c.req.valid('json').documents
      const asked = documents.map((document, index) => ({ document, at: ['documents', index] }))
      const dryRun = c.req.valid('query').dryRun === 'true'
      const { db, now } = c.var

      const applied = await untilWon<ApplyAnswer>(async () => {
        const proposal = await propose(db, asked, { now, caller: c.var.caller })
        if (!proposal.ok) return proposal
        const awakened = awakenedBy(proposal.value)
        const tooMany = tooManyAwakened(awakened)
        if (tooMany) return { ok: false, error: tooMany }
        const plans = await previewPlans(c.env, proposal.value, now)
        if (!dryRun) {
          await armAlarms(c.env, awakened)
          const written = await commit(db, proposal.value, actorOf(c))
          if (!written.ok) return written
          c.executionCtx.waitUntil(wakeNow(c.env, awakened))
        }
        const results = proposal.value.changes.map(({ action, after }) => ({
          kind: after.kind,
          name: after.metadata.name,
          action,
          uid: after.uid,
          generation: after.generation,
        }))
        return ok({ results, plans: plans.clusters, machinePlans: plans.machines })
      })
      return applied.ok ? answer(c, applied.value) : problemResponse(c, applied.error)
    },
  )
}
