import { isOpen, type Operation } from '#core/model/operation.ts'
import type { PlannedOperation } from '#core/plan/plan-type.ts'
import type { OperationNews } from '../ports.ts'
import type { Sql } from '../sql.ts'
import { applyNews } from './apply-news.ts'

/** Finished operations a plan looks at: the newest of each key. More keys than this is years of a busy cluster. */
const MAX_KEYS_VIEWED = 1_000
/** Finished operations kept for people; older ones go, except the newest of a key, which the planner needs. */
const MAX_OPERATIONS_KEPT = 2_000

interface OperationRow extends Record<string, SqlStorageValue> {
  n: number
  operation: string
  submitted: number
  cancel_sent: number
  news_at: number
}

/** The operations of a cluster. Ids are `<cluster uid>-<n>`; n never repeats. */
export class OperationTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Open operations, and the newest finished one of each key. */
  forView(): Operation[] {
    const open = this.#sql.rows<OperationRow>('SELECT * FROM operations WHERE open = 1 ORDER BY n')
    const finished = this.#sql.rows<OperationRow>(
      'SELECT MAX(n) AS n, operation FROM operations WHERE open = 0 GROUP BY key ORDER BY n DESC LIMIT ?',
      MAX_KEYS_VIEWED,
    )
    return [...open, ...finished].map(toOperation)
  }

  /** Newest first. `before` is the number of an operation. */
  page(limit: number, before: number | undefined): Operation[] {
    return this.#sql
      .rows<OperationRow>(
        'SELECT * FROM operations WHERE n < ? ORDER BY n DESC LIMIT ?',
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      )
      .map(toOperation)
  }

  find(operationId: string): Operation | undefined {
    const row = this.#row(operationId)
    return row && toOperation(row)
  }

  add(clusterUid: string, n: number, planned: PlannedOperation, at: number): Operation {
    const operation: Operation = {
      operationId: `${clusterUid}-${n}`,
      kind: planned.kind,
      subject: planned.subject,
      key: planned.key,
      input: planned.input,
      state: 'queued',
      attempt: planned.attempt,
      createdAt: at,
    }
    this.#sql.run(
      'INSERT INTO operations (n, key, open, operation, submitted, cancel_sent, news_at) VALUES (?, ?, 1, ?, 0, 0, 0)',
      n,
      operation.key,
      JSON.stringify(operation),
    )
    return operation
  }

  /** The operation as it is now when the news changed it. */
  apply(news: OperationNews): Operation | undefined {
    const row = this.#row(news.operationId)
    // An older message that was overtaken must not take a running operation back; the end of it is never too old.
    if (!row || (news.type !== 'finished' && news.at < row.news_at)) return undefined
    const next = applyNews(toOperation(row), news)
    if (next) this.#write(row.n, next, news.at)
    return next
  }

  /** Asks an open operation to stop after its current step; false when that is no news. */
  cancel(operationId: string): boolean {
    const row = this.#row(operationId)
    const operation = row && toOperation(row)
    if (!row || !operation || !isOpen(operation.state) || operation.cancelling) return false
    this.#write(row.n, { ...operation, cancelling: true }, row.news_at)
    return true
  }

  decide(operationId: string, decision: 'retry' | 'abandon'): void {
    const row = this.#row(operationId)
    if (row) this.#write(row.n, { ...toOperation(row), decision }, row.news_at)
  }

  /** Not yet handed to the Site object, oldest first. */
  unsubmitted(): Operation[] {
    return this.#sql
      .rows<OperationRow>('SELECT * FROM operations WHERE open = 1 AND submitted = 0 ORDER BY n')
      .map(toOperation)
  }

  uncancelled(): Operation[] {
    return this.#sql
      .rows<OperationRow>('SELECT * FROM operations WHERE open = 1 AND cancel_sent = 0 ORDER BY n')
      .map(toOperation)
      .filter((operation) => operation.cancelling)
  }

  markSubmitted(operationIds: readonly string[]): void {
    for (const id of operationIds) this.#sql.run('UPDATE operations SET submitted = 1 WHERE n = ?', numberOf(id))
  }

  markCancelSent(operationIds: readonly string[]): void {
    for (const id of operationIds) this.#sql.run('UPDATE operations SET cancel_sent = 1 WHERE n = ?', numberOf(id))
  }

  /** The fence grew: whatever no agent has accepted is handed over again with the new one. */
  submitQueuedAgain(): void {
    this.#sql.run(
      "UPDATE operations SET submitted = 0 WHERE open = 1 AND submitted = 1 AND operation ->> '$.state' IN ('queued', 'offered')",
    )
  }

  prune(): void {
    this.#sql.run(
      `DELETE FROM operations WHERE open = 0
       AND n <= (SELECT MAX(n) FROM operations) - ?
       AND n NOT IN (SELECT MAX(n) FROM operations GROUP BY key)`,
      MAX_OPERATIONS_KEPT,
    )
  }

  #row(operationId: string): OperationRow | undefined {
    return this.#sql.first<OperationRow>('SELECT * FROM operations WHERE n = ?', numberOf(operationId))
  }

  #write(n: number, operation: Operation, newsAt: number): void {
    this.#sql.run(
      'UPDATE operations SET open = ?, operation = ?, news_at = ? WHERE n = ?',
      isOpen(operation.state) ? 1 : 0,
      JSON.stringify(operation),
      newsAt,
      n,
    )
  }
}

const numberOf = (operationId: string): number => Number(operationId.split('-')[1] ?? -1)
const toOperation = (row: OperationRow): Operation => JSON.parse(row.operation) as Operation
