import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Reads each SQLite database in a directory that the local workerd has open. They are read in a copy, write-ahead log
 * included, so that neither disturbs the other.
 */
export function readCopies<T>(dir: string, wanted: (file: string) => boolean, read: (db: DatabaseSync) => T): T[] {
  const copy = mkdtempSync(join(tmpdir(), 'lanline-copy-'))
  try {
    const files = readdirSync(dir).filter((file) => wanted(file.replace(/-(wal|shm)$/, '')))
    for (const file of files) cpSync(join(dir, file), join(copy, file))
    return files
      .filter((file) => file.endsWith('.sqlite'))
      .map((file) => {
        const database = new DatabaseSync(join(copy, file))
        try {
          return read(database)
        } finally {
          database.close()
        }
      })
  } finally {
    rmSync(copy, { recursive: true })
  }
}
