import type { Lock, LockName } from '#core/plan/lock.ts'
import type { Sql } from '../sql.ts'

interface LockRow extends Record<string, SqlStorageValue> {
  name: string
  fence: number
  lock: string | null
}

/** Who may do what to the cluster as a whole. A lock's fence grows with each grant and survives its release. */
export class LockTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  held(): Lock[] {
    return this.#sql
      .rows<LockRow>('SELECT * FROM locks WHERE lock IS NOT NULL ORDER BY name')
      .map((row) => ({ ...(JSON.parse(row.lock!) as Omit<Lock, 'fence'>), fence: row.fence }))
  }

  /** The holder keeps what it holds; another holder's grant is a new one with a greater fence. */
  grant(name: LockName, holder: string, reason: string, at: number): void {
    const current = this.held().find((lock) => lock.name === name)
    if (current?.holder === holder) return
    const lock: Omit<Lock, 'fence'> = { name, holder, reason, since: at }
    this.#sql.run(
      `INSERT INTO locks (name, fence, lock) VALUES (?, 1, ?)
       ON CONFLICT (name) DO UPDATE SET fence = fence + 1, lock = excluded.lock`,
      name,
      JSON.stringify(lock),
    )
  }

  release(name: LockName): void {
    this.#sql.run('UPDATE locks SET lock = NULL WHERE name = ? AND lock IS NOT NULL', name)
  }
}
