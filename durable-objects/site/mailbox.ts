import { OperationResult } from '#core/model/operation.ts'
import type { OperationMail, OperationNews } from '../ports.ts'
import type { Sql } from '../sql.ts'

/** Mail of a site that nobody has taken yet; past it a cluster is told to come back later. */
export const MAX_MAIL = 1_000
/** An offer that is not accepted within this time is made again, with the same attempt. */
export const OFFER_TIMEOUT_MS = 30_000

export type MailState = 'queued' | 'offered' | 'accepted' | 'finished'
type Told = 'queued' | 'offered' | 'accepted' | 'unreported'

interface MailRow extends Record<string, SqlStorageValue> {
  operation_id: string
  attempt: number
  mail: string
  state: MailState
  queued_at: number
  changed_at: number
  offered_at: number | null
  accepted_at: number | null
  cancelling: number
  unreported: number
  accepted_by: string | null
  result: string | null
  told: Told
}

export interface Mail {
  readonly mail: OperationMail
  readonly operationId: string
  readonly attempt: number
  readonly state: MailState
  readonly offeredAt: number | undefined
  readonly cancelling: boolean
  /** Whose work it is, once an agent has it. */
  readonly acceptedBy: string | undefined
  readonly changedAt: number
}

/**
 * Operations on their way to the agent and their outcomes on the way back. A row lives until its cluster has made the
 * outcome durable; what a cluster does not know yet is the difference between `state` and `told`, so lost news is
 * simply told again.
 */
export class Mailbox {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  count(): number {
    return this.#sql.first<{ n: number }>('SELECT COUNT(*) AS n FROM mail')?.n ?? 0
  }

  /** How much of an agent's accepted work has no outcome yet. */
  acceptedBy(agentId: string): number {
    return (
      this.#sql.first<{ n: number }>(
        "SELECT COUNT(*) AS n FROM mail WHERE state = 'accepted' AND accepted_by = ?",
        agentId,
      )?.n ?? 0
    )
  }

  find(operationId: string): Mail | undefined {
    const row = this.#row(operationId)
    return row && toMail(row)
  }

  all(): Mail[] {
    return this.#sql
      .rows<MailRow>('SELECT * FROM mail ORDER BY queued_at, length(operation_id), operation_id')
      .map(toMail)
  }

  in(state: MailState): Mail[] {
    return this.all().filter((mail) => mail.state === state)
  }

  /** A repeat only brings a newer fence to what the agent does not have yet. */
  put(mail: OperationMail, at: number): void {
    const known = this.#row(mail.operationId)
    if (!known) {
      this.#sql.run(
        `INSERT INTO mail (operation_id, attempt, mail, state, queued_at, changed_at, cancelling, unreported, told)
         VALUES (?, ?, ?, 'queued', ?, ?, 0, 0, 'queued')`,
        mail.operationId,
        mail.attempt,
        JSON.stringify(mail),
        at,
        at,
      )
      return
    }
    const { clusterFence } = JSON.parse(known.mail) as OperationMail
    const untaken = known.state === 'queued' || known.state === 'offered'
    if (!untaken || known.attempt !== mail.attempt || mail.clusterFence <= clusterFence) return
    this.#sql.run(
      "UPDATE mail SET mail = ?, state = 'queued', changed_at = ? WHERE operation_id = ?",
      JSON.stringify(mail),
      at,
      mail.operationId,
    )
  }

  offered(operationId: string, at: number): void {
    this.#sql.run(
      "UPDATE mail SET state = 'offered', changed_at = ?, offered_at = ? WHERE operation_id = ?",
      at,
      at,
      operationId,
    )
  }

  /** False when it changes nothing. */
  accepted(operationId: string, attempt: number, agentId: string, at: number): boolean {
    const row = this.#row(operationId)
    if (!row || row.attempt !== attempt || row.state === 'finished') return false
    if (row.state === 'accepted' && row.unreported === 0 && row.accepted_by === agentId) return false
    this.#sql.run(
      `UPDATE mail SET state = 'accepted', unreported = 0, changed_at = ?, accepted_by = ?,
         accepted_at = coalesce(accepted_at, ?) WHERE operation_id = ?`,
      at,
      agentId,
      at,
      operationId,
    )
    return true
  }

  /** The agent is known not to have it: back into the queue as if it had never been offered, no attempt used. */
  absent(operationId: string, at: number): void {
    this.#sql.run(
      `UPDATE mail SET state = 'queued', unreported = 0, changed_at = ?, offered_at = NULL, accepted_by = NULL
       WHERE operation_id = ? AND state <> 'finished'`,
      at,
      operationId,
    )
  }

  /** The offer was not answered; whether the agent has it is not known. */
  unanswered(operationId: string, at: number): void {
    this.#sql.run(
      "UPDATE mail SET state = 'queued', changed_at = ? WHERE operation_id = ? AND state = 'offered'",
      at,
      operationId,
    )
  }

  /** The outcome as the agent, or the queue itself, tells it; the first one stays. `taken`: the agent had it. */
  finished(operationId: string, attempt: number, result: OperationResult, taken: boolean, at: number): void {
    this.#sql.run(
      `UPDATE mail SET state = 'finished', unreported = 0, changed_at = ?, result = ?,
         accepted_at = coalesce(accepted_at, ?)
       WHERE operation_id = ? AND attempt = ? AND state <> 'finished'`,
      at,
      JSON.stringify(result),
      taken ? at : null,
      operationId,
      attempt,
    )
  }

  cancelling(operationId: string): void {
    this.#sql.run('UPDATE mail SET cancelling = 1 WHERE operation_id = ? AND cancelling = 0', operationId)
  }

  /** The agent is away: offers come back, accepted work goes on out of sight. */
  lost(at: number): void {
    for (const mail of this.in('offered')) this.unanswered(mail.operationId, at)
    this.#sql.run("UPDATE mail SET unreported = 1, changed_at = ? WHERE state = 'accepted' AND unreported = 0", at)
  }

  /** What clusters do not know yet, oldest first. */
  news(): { readonly operationId: string; readonly news: readonly OperationNews[] }[] {
    return this.#sql
      .rows<MailRow>('SELECT * FROM mail ORDER BY changed_at, operation_id')
      .map((row) => ({ operationId: row.operation_id, news: newsOf(row) }))
      .filter((entry) => entry.news.length > 0)
  }

  /** The cluster knows. A finished row has done its work and goes; true when it did. */
  told(operationId: string, news: readonly OperationNews[]): boolean {
    const last = news.at(-1)
    if (last?.type === 'finished') {
      this.#sql.run("DELETE FROM mail WHERE operation_id = ? AND state = 'finished'", operationId)
      return true
    }
    const told = last?.type === 'returned' ? 'queued' : last?.type
    if (told !== undefined) this.#sql.run('UPDATE mail SET told = ? WHERE operation_id = ?', told, operationId)
    return false
  }

  #row(operationId: string): MailRow | undefined {
    return this.#sql.first<MailRow>('SELECT * FROM mail WHERE operation_id = ?', operationId)
  }
}

const toMail = (row: MailRow): Mail => ({
  mail: JSON.parse(row.mail) as OperationMail,
  operationId: row.operation_id,
  attempt: row.attempt,
  state: row.state,
  offeredAt: row.offered_at ?? undefined,
  cancelling: row.cancelling === 1,
  acceptedBy: row.accepted_by ?? undefined,
  changedAt: row.changed_at,
})

function newsOf(row: MailRow): OperationNews[] {
  const about = { operationId: row.operation_id, attempt: row.attempt, at: row.changed_at }
  const accepted = { type: 'accepted' as const, ...about }
  switch (row.state) {
    case 'queued':
      return row.told === 'queued' ? [] : [{ type: 'returned', ...about }]
    case 'offered':
      return row.told === 'offered' ? [] : [{ type: 'offered', ...about }]
    case 'accepted': {
      const now = row.unreported === 1 ? 'unreported' : 'accepted'
      if (row.told === now) return []
      return row.unreported === 1 ? [accepted, { type: 'unreported', ...about }] : [accepted]
    }
    case 'finished': {
      // That the agent had it is told first: it decides whether an effect may exist.
      const result = OperationResult.parse(JSON.parse(row.result ?? 'null'))
      return [...(row.accepted_at === null ? [] : [accepted]), { type: 'finished', ...about, result }]
    }
  }
}
