import type { ClusterEvent } from '#core/model/event.ts'
import type { Operation } from '#core/model/operation.ts'
import { PROGRESS_EVERY_MS } from '#core/protocol/op-progress.ts'
import type { OperationNews } from '../ports.ts'
import { subjectName } from './operation-events.ts'

/** More operations than this do not run at once in one cluster; the oldest value is dropped first. */
const MAX_STEPS = 1_000

/**
 * Where running operations are. Only the last value is kept, only in memory, and followers hear of it at most once in
 * two seconds per operation: progress is worth showing and never worth a row.
 */
export class Progress {
  readonly #steps = new Map<string, { step: string; toldAt: number }>()

  /** The line for followers, when it is time for one. */
  note(
    operation: Operation,
    news: Extract<OperationNews, { type: 'progress' }>,
    clusterName: string | undefined,
  ): ClusterEvent | undefined {
    const known = this.#steps.get(news.operationId)
    const due = !known || news.at - known.toldAt >= PROGRESS_EVERY_MS
    this.#steps.delete(news.operationId)
    this.#steps.set(news.operationId, { step: news.step, toldAt: due ? news.at : known.toldAt })
    const [oldest] = this.#steps.keys()
    if (this.#steps.size > MAX_STEPS && oldest !== undefined) this.#steps.delete(oldest)
    if (!due || known?.step === news.step) return undefined
    const subject = subjectName(operation, clusterName)
    return {
      at: news.at,
      type: 'progress',
      subject,
      text: `${subject}: ${operation.kind}: ${news.step}`,
      facts: { operationId: operation.operationId, kind: operation.kind, step: news.step },
    }
  }

  forget(operationId: string): void {
    this.#steps.delete(operationId)
  }

  /** The operation with its last step, as people see it. */
  show(operation: Operation): Operation {
    const known = this.#steps.get(operation.operationId)
    return known && operation.state === 'running' ? { ...operation, step: known.step } : operation
  }
}
