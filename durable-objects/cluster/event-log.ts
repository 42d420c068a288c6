import { MAX_EVENTS, type ClusterEvent } from '#core/model/event.ts'
import type { Meta } from '../meta.ts'
import type { Sql } from '../sql.ts'

/** Old events are removed in steps of this many, so that an event costs about one written row and not two. */
const PRUNE_STEP = 100

/** The last transitions of a cluster under a number that grows without gaps. */
export class EventLog {
  readonly #sql: Sql
  readonly #meta: Meta

  constructor(sql: Sql, meta: Meta) {
    this.#sql = sql
    this.#meta = meta
  }

  append(events: readonly ClusterEvent[]): ClusterEvent[] {
    if (events.length === 0) return []
    let seq = this.#last()
    const kept = events.map((event) => ({ ...event, seq: ++seq }))
    for (const event of kept)
      this.#sql.run('INSERT INTO events (seq, event) VALUES (?, ?)', event.seq, JSON.stringify(event))
    const pruned = this.#meta.get<number>('events-pruned') ?? 0
    if (seq - pruned >= MAX_EVENTS + PRUNE_STEP) {
      this.#sql.run('DELETE FROM events WHERE seq <= ?', seq - MAX_EVENTS)
      this.#meta.set('events-pruned', seq - MAX_EVENTS)
    }
    return kept
  }

  /** At most the last `MAX_EVENTS` after `seq`, oldest first. */
  after(seq: number): ClusterEvent[] {
    return this.#sql
      .rows<{ event: string }>(
        'SELECT event FROM events WHERE seq > ? ORDER BY seq',
        Math.max(seq, this.#last() - MAX_EVENTS),
      )
      .map((row) => JSON.parse(row.event) as ClusterEvent)
  }

  #last(): number {
    return this.#sql.first<{ seq: number | null }>('SELECT MAX(seq) AS seq FROM events')?.seq ?? 0
  }
}
