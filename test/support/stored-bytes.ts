import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A place in which something may have been left, and all there is in it. */
export interface Hay {
  readonly place: string
  readonly bytes: Buffer
}

/** Every file below a directory, byte by byte: databases with their free pages, write-ahead logs, caches, logs. */
export const filesIn = (dir: string): readonly Hay[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ place: relative(dir, path), bytes: readFileSync(path) }))

/**
 * Every cell of every SQLite database below a directory, because a long value lies in pieces in the file. The databases
 * are read in a copy; their owner may be running.
 */
export function cellsIn(dir: string, copyTo: string): readonly Hay[] {
  cpSync(dir, copyTo, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || /\.sqlite(-\w+)?$/.test(path),
  })
  return readdirSync(copyTo, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sqlite'))
    .map((path) => ({ place: `cells of ${path}`, bytes: cellsOf(join(copyTo, path)) }))
}

function cellsOf(path: string): Buffer {
  const database = new DatabaseSync(path)
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
    const rows = tables.flatMap(({ name }) => {
      const all = database.prepare(`SELECT * FROM "${String(name)}"`)
      // Times in nanoseconds are more than a number holds.
      all.setReadBigInts(true)
      return all.all()
    })
    return Buffer.concat(
      rows.flatMap((row) => Object.values(row)).flatMap((cell) => [toBytes(cell), Buffer.from('\n')]),
    )
  } finally {
    database.close()
  }
}

const toBytes = (cell: unknown): Buffer => (cell instanceof Uint8Array ? Buffer.from(cell) : Buffer.from(String(cell)))
