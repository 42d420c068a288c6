import type { Sql } from '../sql.ts'

/** Parts of one message that are kept while the rest is on its way; one message has at most this many. */
const MAX_PARTS = 200

/**
 * Messages that come in several parts, put together again. Parts lie in the store, so that the object may sleep between
 * them; a message of one part touches no row.
 */
export class PartTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /**
   * All contents once the last part is here, otherwise undefined. Part 0 begins anew; a repeated part replaces itself; a
   * gap never completes. `session` keeps the parts of an earlier session out.
   */
  take<T>(message: string, session: number, part: number, last: boolean, content: T): T[] | undefined {
    if (part === 0) this.forget(message)
    if (part === 0 && last) return [content]
    if (part >= MAX_PARTS) return undefined
    const rows = this.#sql.rows<{ part: number; content: string }>(
      'SELECT part, content FROM parts WHERE message = ? ORDER BY part',
      message,
    )
    const kept = rows
      .map((row) => ({ part: row.part, ...(JSON.parse(row.content) as { session: number; content: T }) }))
      .filter((row) => row.session === session && row.part < part)
    const gapless = kept.length === part && kept.every((row, index) => row.part === index)
    if (last) {
      if (!gapless) return undefined
      this.forget(message)
      return [...kept.map((row) => row.content), content]
    }
    if (gapless)
      this.#sql.run(
        'INSERT OR REPLACE INTO parts (message, part, content) VALUES (?, ?, ?)',
        message,
        part,
        JSON.stringify({ session, content }),
      )
    return undefined
  }

  forget(message: string): void {
    if (this.#sql.first('SELECT 1 AS one FROM parts WHERE message = ?', message))
      this.#sql.run('DELETE FROM parts WHERE message = ?', message)
  }
}
