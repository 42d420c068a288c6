import type { Clock } from '#core/base/clock.ts'
import type { OperationResult } from '#core/model/operation.ts'
import { realClock } from '../clock.ts'
import type { Journal, JournalledOperation } from '../journal/journal.ts'
import type { Logger } from '../log.ts'
import { perform, type AbortReason, type Handlers } from './perform.ts'
import { createSlots } from './slots.ts'

/**
 * Carries out what the journal says is running, and nothing else (rules O11, O13, O15-O17). It may be stopped or killed anywhere:
 * the next start finds the same operations running in the journal and takes them up again.
 */
export interface Runner {
  /** Takes up every operation of the journal that has no result yet. */
  resume(): void
  /** Takes up one operation that was just accepted. Repeating is harmless. */
  begin(operation: JournalledOperation): void
  /** Ends the operation after its current step. Unknown and finished ones are left alone. */
  cancel(operationId: string): void
  /** How many have begun and not ended. */
  runningCount(): number
  /** Lets every handler end its current step, then returns; what has not ended by then stays running in the journal. */
  stop(withinMs: number): Promise<void>
}

export interface RunnerDeps {
  readonly journal: Journal
  readonly handlers: Handlers
  /** For the handlers' waits. */
  readonly clock: Clock
  readonly log: Logger
  /** Last value only. */
  readonly onProgress: (operation: JournalledOperation, step: string, percent: number | undefined) => void
  /** The result is in the journal. */
  readonly onFinished: (operationId: string) => void
}

/** How long to wait until a result that could not be written is tried again; results are never dropped. */
const JOURNAL_RETRY_MS = 5_000

interface Running {
  readonly operation: JournalledOperation
  readonly abort: AbortController
  ended: Promise<void> | undefined
}

export function createRunner(deps: RunnerDeps): Runner {
  const { journal, log } = deps
  const slots = createSlots()
  /** In the order of acceptance; those without `ended` wait for a place. */
  const known = new Map<string, Running>()
  let stopping = false

  function beginWhatFits(): void {
    for (const running of known.values()) {
      if (stopping) return
      if (running.ended === undefined && slots.take(running.operation)) running.ended = carryOut(running, true)
    }
  }

  async function carryOut({ operation, abort }: Running, hasPlaces: boolean): Promise<void> {
    const { operationId, kind } = operation
    const beganAt = Date.now()
    const result = await perform(operation, abort, deps)
    if (result) {
      await persist(operationId, result)
      log.info({
        event: 'operation.finished',
        operationId,
        kind,
        outcome: result.outcome,
        ...(result.outcome === 'failed' ? { problem: result.problem } : {}),
        durationMs: Date.now() - beganAt,
      })
      deps.onFinished(operationId)
    }
    known.delete(operationId)
    if (hasPlaces) slots.free(operation)
    beginWhatFits()
  }

  /** A full disk must not lose an outcome: the operation keeps its place until the outcome is written. */
  async function persist(operationId: string, result: OperationResult): Promise<void> {
    for (;;) {
      try {
        journal.operations.finish(operationId, result)
        return
      } catch (thrown) {
        log.error({ event: 'journal.refused', operationId, err: thrown })
        if (stopping) return
        await realClock.sleep(JOURNAL_RETRY_MS)
      }
    }
  }

  function begin(operation: JournalledOperation): void {
    if (operation.result || stopping || known.has(operation.operationId)) return
    known.set(operation.operationId, { operation, abort: new AbortController(), ended: undefined })
    beginWhatFits()
  }

  return {
    begin,
    resume() {
      for (const operation of journal.operations.running()) begin(operation)
    },
    cancel(operationId) {
      const running = known.get(operationId)
      running?.abort.abort('cancelled' satisfies AbortReason)
      // One that still waits ends at once: it needs no place for doing nothing.
      if (running && running.ended === undefined) running.ended = carryOut(running, false)
    },
    runningCount: () => known.size,
    async stop(withinMs) {
      stopping = true
      const ends: Promise<void>[] = []
      for (const running of known.values()) {
        running.abort.abort('stopping' satisfies AbortReason)
        if (running.ended) ends.push(running.ended)
      }
      const late = new AbortController()
      await Promise.race([Promise.all(ends), realClock.sleep(withinMs, late.signal)])
      late.abort()
    },
  }
}
