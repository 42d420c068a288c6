import { hashOf, type Json } from '../base/canonical-json.ts'
import { isOpen, OPERATION_LIMITS, type Operation } from '../model/operation.ts'
import type { Facts, Problem } from '../model/problem.ts'
import type { PlannedOperation } from './plan-type.ts'
import { hold, type Verdict, type Wish } from './rule.ts'
import type { ClusterView } from './view.ts'

/**
 * Whether a wish becomes an operation now.
 *
 *   P10 A failing key has an attempt budget, then a hold, never an endless loop.
 *   O1  An unfinished key is never recorded twice.
 *
 * A key that succeeded is recorded again only when its effect is still missing well after the news of it, and that
 * counts against the budget.
 */

/** An observation follows an outcome within seconds; only a minute later is a missing effect really missing. */
export const EFFECT_GRACE_MS = 60_000
/** First pause after a failure; it doubles with each attempt. */
const BACKOFF_MS = 5_000
const MAX_BACKOFF_MS = 5 * 60_000
/** Attempts this far apart do not belong to the same trouble. */
const BUDGET_WINDOW_MS = 60 * 60_000

/** What was done before, and the time. */
type Past = Pick<ClusterView, 'operations' | 'now'>

export type Decided = { readonly record: PlannedOperation } | { readonly instead: readonly Verdict[] }

export function decide(wished: Wish, view: Past): Decided {
  const key = keyOf(wished)
  const same = view.operations.filter((operation) => operation.key === key)
  const open = same.find((operation) => isOpen(operation.state))
  // The same work with other inputs (a removal whose peers changed) follows the one under way; it never runs beside it.
  const beside = view.operations.find(
    (operation) => operation.kind === wished.kind && operation.subject === wished.subject && isOpen(operation.state),
  )
  if (open ?? beside) return { instead: [hold('operation-running', wished.name, facts((open ?? beside)!))] }
  const last = same.toSorted((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0))[0]
  if (!last) return record(wished, key, 1)
  return last.result?.outcome === 'failed' ? afterFailure(wished, key, last, view) : afterOther(wished, key, last, view)
}

export const keyOf = (wished: Pick<Wish, 'kind' | 'subject' | 'input'>): string =>
  hashOf({ kind: wished.kind, subject: wished.subject, input: wished.input as Json })

function afterFailure(wished: Wish, key: string, last: Operation, view: Past): Decided {
  const failure = last.result?.outcome === 'failed' ? last.result.problem : undefined
  if (last.decision === 'retry') return record(wished, key, 1)
  const told = { ...facts(last), ...(failure ? { problem: failure.code, ...why(failure) } : {}) }
  if (last.decision === 'abandon') return { instead: [hold('needs-human', wished.name, { ...told, abandoned: true })] }
  if (failure?.retry === 'never' && failure.code !== 'stale-offer')
    return { instead: [hold('needs-human', wished.name, told)] }
  if (last.attempt >= OPERATION_LIMITS[wished.kind].attempts)
    return { instead: [hold('attempts-exhausted', wished.name, told)] }
  const due = (last.finishedAt ?? 0) + Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (last.attempt - 1))
  if (view.now < due)
    return {
      instead: [hold('operation-backoff', wished.name, { ...told, until: due }), { type: 'look-again', at: due }],
    }
  return record(wished, key, last.attempt + 1)
}

function afterOther(wished: Wish, key: string, last: Operation, view: Past): Decided {
  // A cancelled try did not fail: the wish came back before the budget was touched.
  if (last.state === 'cancelled') return record(wished, key, last.attempt)
  const due = (last.finishedAt ?? 0) + EFFECT_GRACE_MS
  if (view.now < due) {
    const told = { operationId: last.operationId, kind: last.kind }
    return { instead: [hold('waiting-for-machine', wished.name, told), { type: 'look-again', at: due }] }
  }
  if (view.now > (last.finishedAt ?? 0) + BUDGET_WINDOW_MS) return record(wished, key, 1)
  if (last.attempt >= OPERATION_LIMITS[wished.kind].attempts)
    return { instead: [hold('attempts-exhausted', wished.name, { ...facts(last), effect: 'missing' })] }
  return record(wished, key, last.attempt + 1)
}

function record(wished: Wish, key: string, attempt: number): Decided {
  return { record: { kind: wished.kind, subject: wished.subject, key, input: wished.input, attempt } }
}

/** What a person has to mend: one sentence, and the first faults of several. */
const MAX_FAULTS = 3
const why = ({ facts: { level, reason, faults } }: Problem): Facts => ({
  ...(level === undefined ? {} : { level }),
  ...(reason === undefined ? {} : { reason }),
  ...(Array.isArray(faults) ? { faults: faults.slice(0, MAX_FAULTS) as readonly string[] } : {}),
})

const facts = (operation: Operation) => ({
  operationId: operation.operationId,
  kind: operation.kind,
  attempt: operation.attempt,
  ...(operation.step ? { step: operation.step } : {}),
})
