import { hashOf } from '#core/base/canonical-json.ts'
import type { Sql } from './sql.ts'

/**
 * Brings an object's SQLite to the newest version of its append-only list of statements.
 *
 * It refuses to open a store that a newer release has written, and a list whose history was edited: both would
 * otherwise read rows as something they are not. Opening an up-to-date store writes nothing.
 */
export function migrate(sql: Sql, migrations: readonly string[]): void {
  sql.run('CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, hash TEXT NOT NULL)')
  const applied = sql.rows<{ id: number; hash: string }>('SELECT id, hash FROM migrations ORDER BY id')
  if (applied.length > migrations.length)
    throw new Error(
      `this store is at version ${applied.length}, newer than ${migrations.length}; deploy the newer release`,
    )
  for (const [index, row] of applied.entries())
    if (row.id !== index + 1 || row.hash !== hashOf(migrations[index]!))
      throw new Error(`migration ${index + 1} is not the one this store was made with; migrations are only appended`)
  if (applied.length === migrations.length) return
  sql.transaction(() => {
    for (const [index, statements] of migrations.entries()) {
      if (index < applied.length) continue
      sql.run(statements)
      sql.run('INSERT INTO migrations (id, hash) VALUES (?, ?)', index + 1, hashOf(statements))
    }
  })
}
