import type { Clock } from '#core/base/clock.ts'
import { problem } from '#core/model/problem.ts'
import {
  OPERATION_OUTPUTS,
  type OperationInput,
  type OperationKind,
  type OperationResult,
} from '#core/model/operation.ts'
import type { Journal, JournalledOperation } from '../journal/journal.ts'
import type { Logger } from '../log.ts'
import type { HandlerContext, OperationHandler } from '../operations/handler.ts'

/** One handler per kind; a kind without one does not compile. */
export type Handlers = { readonly [K in OperationKind]: OperationHandler<K> }

export type AbortReason = 'cancelled' | 'deadline' | 'stopping'

export interface PerformDeps {
  readonly journal: Journal
  readonly handlers: Handlers
  readonly clock: Clock
  readonly log: Logger
  readonly onProgress: (operation: JournalledOperation, step: string, percent: number | undefined) => void
}

/** Texts of thrown errors are cut: a fact is short. */
const MAX_TEXT_CHARS = 1_000
const MAX_STEP_CHARS = 64

/**
 * Runs the handler of one operation to its end and says what came of it. A handler that throws has failed with
 * `internal`; one that was told to stop and did so has been cancelled, has passed its deadline, or, when this process
 * is ending, has no outcome yet: undefined.
 */
export async function perform(
  operation: JournalledOperation,
  abort: AbortController,
  deps: PerformDeps,
): Promise<OperationResult | undefined> {
  const { operationId, kind } = operation
  const log = deps.log.child({ operationId, kind, clusterId: operation.clusterUid })
  if (abort.signal.aborted) return ending(abort, { outcome: 'failed', problem: problem('cancelled') })

  const startedAt = deps.journal.operations.markStarted(operationId)
  const leftMs = startedAt + operation.deadlineMs - Date.now()
  const deadline = setTimeout(() => abort.abort('deadline' satisfies AbortReason), Math.max(0, leftMs))
  try {
    const outcome = await dispatch(deps.handlers, operation, {
      operationId,
      attempt: operation.attempt,
      steps: deps.journal.operations.steps(operationId),
      clock: deps.clock,
      signal: abort.signal,
      log,
      progress: (step, percent) => deps.onProgress(operation, step.slice(0, MAX_STEP_CHARS), percent),
    })
    if (!outcome.ok) return ending(abort, { outcome: 'failed', problem: outcome.error })
    return { outcome: 'succeeded', output: OPERATION_OUTPUTS[kind].parse(outcome.value) }
  } catch (thrown) {
    log.error({ event: 'operation.threw', err: thrown })
    const text = thrown instanceof Error ? thrown.message : String(thrown)
    // An abort that surfaced as an exception is still an abort.
    const code = abort.signal.aborted && isAbort(thrown, abort.signal) ? 'cancelled' : 'internal'
    return ending(abort, { outcome: 'failed', problem: problem(code, { text: text.slice(0, MAX_TEXT_CHARS) }) })
  } finally {
    clearTimeout(deadline)
  }
}

/** Ties the kind to its handler: the journal has read the input with the schema of the kind. */
function dispatch<K extends OperationKind>(
  handlers: { readonly [P in K]: OperationHandler<P> },
  operation: { readonly kind: K; readonly input: OperationInput<K> },
  context: HandlerContext,
): ReturnType<OperationHandler<K>> {
  return handlers[operation.kind](operation.input, context)
}

function ending(abort: AbortController, result: OperationResult): OperationResult | undefined {
  if (result.outcome !== 'failed' || result.problem.code !== 'cancelled') return result
  const reason: AbortReason = abort.signal.reason
  switch (reason) {
    case 'stopping':
      return undefined
    case 'deadline':
      return { outcome: 'failed', problem: problem('deadline-passed', result.problem.facts) }
    default:
      return { outcome: 'cancelled' }
  }
}

const isAbort = (thrown: unknown, signal: AbortSignal): boolean =>
  thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError')
