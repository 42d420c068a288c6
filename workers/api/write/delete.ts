import type { Context } from 'hono'
import { err, ok, type Result } from '#core/base/result.ts'
import { idOf } from '#core/check/documents.ts'
import { DELETION_ANNOTATION, type Kind, type Stored } from '#core/model/document.ts'
import { findDocument, markDeleting, markForgotten, removeDocument } from '#db/documents.ts'
import { readScope } from '#db/scope.ts'
import { actorOf } from '../actor.ts'
import { toDocumentAnswer, type DocumentAnswer } from '../answers/document.ts'
import { isGone, usersOf, worldOf } from '../check/world.ts'
import type { ApiEnv } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { clusterObject, hasObject, siteObject } from '../objects.ts'
import { checkPrecondition, type Precondition } from '../precondition.ts'
import { untilWon } from './attempts.ts'
import { WAKE_BEFORE_MS } from './commit.ts'
import { deletionScopeOf } from './scope-of.ts'

export interface ForgetRequest {
  readonly kind: 'Cluster' | 'Machine'
  readonly name: string
  readonly precondition: Precondition
  readonly confirm: string | undefined
}

/**
 * The way out when nothing else is: a Cluster or a managed Machine is dropped with all that is known of its guests, which
 * run on untouched and count as somebody else's from then on. Legal in every phase, also when its deletion is stuck. An
 * adopted guest was never touched: its document simply goes.
 */
export async function forgetDocument(
  c: Context<ApiEnv>,
  request: ForgetRequest,
): Promise<Result<DocumentAnswer, Refusal>> {
  return await untilWon(async () => await forgetOnce(c, request))
}

async function forgetOnce(
  c: Context<ApiEnv>,
  { kind, name, precondition, confirm }: ForgetRequest,
): Promise<Result<DocumentAnswer, Refusal | 'lost'>> {
  const { db, now } = c.var
  const scope = deletionScopeOf(kind, name)
  const { documents, mark } = await readScope(db, scope)
  const found = documents.find((scoped) => idOf(scoped.stored) === `${kind}/${name}` && !isGone(scoped))
  if (!found) return err(refusal('not-found', { kind, name }))
  const { stored, status } = found
  const refused = checkPrecondition(precondition, stored) ?? protectedAgainst(stored, [], confirm, 'confirm')
  if (refused) return err(refused)
  if (!hasObject(stored)) {
    const removed = await removeDocument(db, stored, { scope, mark }, actorOf(c))
    if (removed.ok && stored.kind === 'Machine') c.executionCtx.waitUntil(wakeSite(c, stored.spec.site))
    return removed.ok ? ok(toDocumentAnswer(stored, status)) : removed
  }
  const object = clusterObject(c.env, stored.uid)
  await object.wake(stored.uid, WAKE_BEFORE_MS)
  const marked = await markForgotten(db, stored, { scope, mark }, actorOf(c))
  if (!marked.ok) return marked
  c.executionCtx.waitUntil(object.wake(stored.uid, 0))
  return ok(toDocumentAnswer({ ...stored, deletingAt: stored.deletingAt ?? now }, status))
}

export interface DeleteRequest {
  readonly kind: Kind
  readonly name: string
  readonly precondition: Precondition
  readonly confirm: string | undefined
  readonly dryRun: boolean
}

/**
 * A Cluster or a managed Machine is marked and its object takes it apart; everything else goes at once, when nothing refers to it. Deleting a
 * cluster that is being deleted already is fine and changes nothing.
 */
export async function deleteDocument(
  c: Context<ApiEnv>,
  request: DeleteRequest,
): Promise<Result<DocumentAnswer, Refusal>> {
  return await untilWon(async () => await deleteOnce(c, request))
}

async function deleteOnce(
  c: Context<ApiEnv>,
  { kind, name, precondition, confirm, dryRun }: DeleteRequest,
): Promise<Result<DocumentAnswer, Refusal | 'lost'>> {
  const { db, now } = c.var
  const scope = deletionScopeOf(kind, name)
  const { documents, mark } = await readScope(db, scope)
  const found = documents.find((scoped) => idOf(scoped.stored) === `${kind}/${name}` && !isGone(scoped))
  if (!found) return err(refusal('not-found', { kind, name }))
  const { stored, status } = found
  const users = usersOf(worldOf(documents, []), stored).map((user) => idOf(user.stored))
  const refused = checkPrecondition(precondition, stored) ?? protectedAgainst(stored, users, confirm)
  if (refused) return err(refused)

  const deletingAt = stored.deletingAt ?? now
  const takenApart = hasObject(stored)
  const last = toDocumentAnswer(takenApart ? { ...stored, deletingAt } : stored, status)
  if (dryRun || stored.deletingAt !== undefined) return ok(last)

  const guard = { scope, mark }
  if (takenApart) {
    const object = clusterObject(c.env, stored.uid)
    await object.wake(stored.uid, WAKE_BEFORE_MS)
    const marked = await markDeleting(db, stored, guard, actorOf(c))
    if (marked.ok) c.executionCtx.waitUntil(object.wake(stored.uid, 0))
    return marked.ok ? ok(last) : marked
  }
  const removed = await removeDocument(db, stored, guard, actorOf(c))
  if (removed.ok && stored.kind === 'Machine') c.executionCtx.waitUntil(wakeSite(c, stored.spec.site))
  if (removed.ok && kind === 'Site') c.executionCtx.waitUntil(siteObject(c.env, stored.uid).dismiss(stored.uid))
  return removed.ok ? ok(last) : removed
}

/** What the guest took is free again; a cluster that was refused may fit now. A lost wake costs it the next one. */
async function wakeSite(c: Context<ApiEnv>, name: string): Promise<void> {
  const site = await findDocument(c.var.db, 'Site', name)
  if (site) await siteObject(c.env, site.uid).wake(site.uid, 0)
}

function protectedAgainst(
  stored: Stored,
  users: readonly string[],
  confirm: string | undefined,
  byDefault: 'allow' | 'confirm' = 'allow',
): Refusal | undefined {
  if (users.length > 0) return refusal('still-referenced', { by: users })
  const policy = stored.metadata.annotations?.[DELETION_ANNOTATION] ?? byDefault
  const name = stored.metadata.name
  if (policy === 'forbid') return refusal('deletion-forbidden', { name })
  const wantsName = policy === 'confirm' || byDefault === 'confirm'
  return wantsName && confirm !== name ? refusal('confirmation-required', { name }) : undefined
}
