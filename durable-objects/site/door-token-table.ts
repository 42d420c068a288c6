import type { Sql } from '../sql.ts'

/** Connections of one site within the minute a token lives; more is not an agent that works. */
const MAX_TOKENS = 200

/** Tokens that have opened the door, kept until they expire by themselves, so that none opens it twice. */
export class DoorTokenTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  take(jti: string, expiresAt: number, now: number): 'taken' | 'seen' | 'too-many' {
    if (this.#sql.first('SELECT 1 AS one FROM door_tokens WHERE jti = ?', jti)) return 'seen'
    this.#sql.run('DELETE FROM door_tokens WHERE expires_at < ?', now)
    const count = this.#sql.first<{ n: number }>('SELECT COUNT(*) AS n FROM door_tokens')?.n ?? 0
    if (count >= MAX_TOKENS) return 'too-many'
    this.#sql.run('INSERT INTO door_tokens (jti, expires_at) VALUES (?, ?)', jti, expiresAt)
    return 'taken'
  }
}
