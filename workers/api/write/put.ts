import type { Context } from 'hono'
import { invariant } from '#core/base/invariant.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { finding } from '#core/check/finding.ts'
import type { Document, Stored } from '#core/model/document.ts'
import { findStatus } from '#db/statuses.ts'
import { toDocumentAnswer, type DocumentAnswer } from '../answers/document.ts'
import { actorOf } from '../actor.ts'
import { toFieldError } from '../check/issues.ts'
import type { ApiEnv } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { checkPrecondition, type Precondition } from '../precondition.ts'
import { untilWon } from './attempts.ts'
import { armAlarms, awakenedBy, commit, tooManyAwakened, wakeNow } from './commit.ts'
import { previewPlans } from './preview.ts'
import { propose } from './propose.ts'

export interface PutRequest {
  /** From the path; the document must carry the same. */
  readonly name: string
  readonly document: Document
  readonly precondition: Precondition
  readonly dryRun: boolean
}

export interface PutAnswer {
  readonly created: boolean
  readonly stored: Stored
  readonly answer: DocumentAnswer
}

/** One document, whole, on the condition that it is still what the caller has read. Identical content writes nothing. */
export async function putDocument(c: Context<ApiEnv>, request: PutRequest): Promise<Result<PutAnswer, Refusal>> {
  const { document, name } = request
  if (document.metadata.name !== name) {
    const error = toFieldError(finding(['metadata', 'name'], `the path says "${name}"`), [])
    return err({ ...refusal('invalid-document'), errors: [error] })
  }
  return await untilWon(async () => await putOnce(c, request))
}

async function putOnce(c: Context<ApiEnv>, request: PutRequest): Promise<Result<PutAnswer, Refusal | 'lost'>> {
  const { db, now } = c.var
  const proposal = await propose(db, [{ document: request.document, at: [] }], { now, caller: c.var.caller })
  if (!proposal.ok) return proposal
  const [change] = proposal.value.changes
  invariant(change, 'one document gives one change')
  const refused = checkPrecondition(request.precondition, change.before)
  if (refused) return err(refused)

  const { after, before } = change
  const created = before === undefined
  if (request.dryRun) {
    const plans = await previewPlans(c.env, proposal.value, now)
    const plan = plans[after.kind === 'Machine' ? 'machines' : 'clusters'][after.metadata.name]
    const status = before && (await findStatus(db, after.uid))?.status
    return ok({ created, stored: after, answer: { ...toDocumentAnswer(after, status), ...(plan ? { plan } : {}) } })
  }
  if (change.action !== 'unchanged') {
    const awakened = awakenedBy(proposal.value)
    const tooMany = tooManyAwakened(awakened)
    if (tooMany) return err(tooMany)
    await armAlarms(c.env, awakened)
    const written = await commit(db, proposal.value, actorOf(c))
    if (!written.ok) return written
    c.executionCtx.waitUntil(wakeNow(c.env, awakened))
  }
  const status = before && (await findStatus(db, after.uid))?.status
  return ok({ created, stored: after, answer: toDocumentAnswer(after, status) })
}
