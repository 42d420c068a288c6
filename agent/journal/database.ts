import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import type { Boundary } from '../crash-points.ts'
import { MIGRATIONS, type Migration } from './migrations.ts'

/**
 * One SQLite file that survives a power cut at any line: a commit is on the disk before it returns, only one process
 * has it open, and a damaged or newer file is refused rather than repaired by guesswork.
 */
export interface Database {
  /** Runs `change` in one transaction; it is durable once this returns, and nothing of it is there when it throws. */
  commit<T>(name: string, change: () => T): T
  run(sql: string, ...values: readonly SQLInputValue[]): number
  /** Rows as the schema reads them; a row that does not fit its schema is a damaged journal and throws. */
  all<S extends z.ZodType>(schema: S, sql: string, ...values: readonly SQLInputValue[]): z.infer<S>[]
  /** Bytes of the file as SQLite counts them. */
  sizeBytes(): number
  close(): void
}

export type OpenFailure =
  | { readonly reason: 'in-use'; readonly text: string }
  | { readonly reason: 'newer' | 'edited-history' | 'damaged' | 'unreadable'; readonly text: string }

/** Another process holds the lock for as long as it lives; waiting longer than a restart's overlap is pointless. */
const LOCK_WAIT_MS = 2_000

export function openDatabase(
  path: string,
  boundary: Boundary,
  migrations: readonly Migration[] = MIGRATIONS,
): Result<Database, OpenFailure> {
  const created = !existsSync(path)
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
    // The locking mode comes first: set later, WAL would already have shared its index with other processes.
    sqlite.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    sqlite.exec('PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; COMMIT;')
    const check = sqlite.prepare('PRAGMA integrity_check(1)').get()
    if (check?.['integrity_check'] !== 'ok') return refuse(sqlite, 'damaged', String(check?.['integrity_check']))

    const database = wrap(sqlite, boundary)
    const refused = migrate(database, sqlite, migrations)
    if (refused) return refuse(sqlite, refused.reason, refused.text)
    // A new file is only safe once its directory entry is.
    if (created) syncDirectory(dirname(path))
    return ok(database)
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown)
    return refuse(sqlite, /locked|busy/i.test(text) ? 'in-use' : 'unreadable', text)
  }
}

function refuse(sqlite: DatabaseSync | undefined, reason: OpenFailure['reason'], text: string) {
  if (sqlite?.isOpen) sqlite.close()
  return err({ reason, text })
}

function wrap(sqlite: DatabaseSync, boundary: Boundary): Database {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? sqlite.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    commit(name, change) {
      boundary(`journal ${name}: before`)
      sqlite.exec('BEGIN IMMEDIATE')
      try {
        const value = change()
        sqlite.exec('COMMIT')
        boundary(`journal ${name}: after`)
        return value
      } catch (thrown) {
        if (sqlite.isTransaction) sqlite.exec('ROLLBACK')
        throw thrown
      }
    },
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    all: (schema, sql, ...values) =>
      prepared(sql)
        .all(...values)
        .map((row) => schema.parse(row)),
    sizeBytes() {
      const pages = Number(prepared('PRAGMA page_count').get()?.['page_count'] ?? 0)
      const free = Number(prepared('PRAGMA freelist_count').get()?.['freelist_count'] ?? 0)
      return (pages - free) * Number(prepared('PRAGMA page_size').get()?.['page_size'] ?? 0)
    },
    close: () => sqlite.close(),
  }
}

const AppliedMigration = z.object({ id: z.string(), sha256: z.string() })

function migrate(database: Database, sqlite: DatabaseSync, migrations: readonly Migration[]) {
  sqlite.exec('CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT')
  const applied = database.all(AppliedMigration, 'SELECT id, sha256 FROM migrations ORDER BY rowid')
  for (const [index, row] of applied.entries()) {
    const known = migrations[index]
    if (!known || known.id !== row.id)
      return { reason: 'newer', text: `the journal has "${row.id}", which this agent does not know` } as const
    if (sha256(known.sql) !== row.sha256)
      return { reason: 'edited-history', text: `"${row.id}" is not what the journal was made with` } as const
  }
  for (const migration of migrations.slice(applied.length)) {
    database.commit(`migration ${migration.id}`, () => {
      sqlite.exec(migration.sql)
      database.run('INSERT INTO migrations (id, sha256) VALUES (?, ?)', migration.id, sha256(migration.sql))
    })
  }
  return undefined
}

const sha256 = (text: string): string => createHash('sha256').update(text.replace(/\s+/g, ' ').trim()).digest('hex')

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
