import { canonicalJson, type Json } from '#core/base/canonical-json.ts'
import type { Sql } from './sql.ts'

/** Single values of an object, one row each. Writing the value that is there already writes no row. */
export class Meta {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** The caller names the type it wrote: only the object itself writes its rows. */
  get<T>(key: string): T | undefined {
    const row = this.#sql.first<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)
    return row ? (JSON.parse(row.value) as T) : undefined
  }

  set(key: string, value: unknown): void {
    const text = canonicalJson(value as Json)
    const row = this.#sql.first<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)
    if (row?.value === text) return
    this.#sql.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, text)
  }

  remove(key: string): void {
    if (this.get(key) !== undefined) this.#sql.run('DELETE FROM meta WHERE key = ?', key)
  }
}
