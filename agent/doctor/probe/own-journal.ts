import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { JOURNAL_FILE } from '../../journal/open-journal.ts'

/** How the journal is, seen without writing: opening it the usual way would count as a start of the agent. */
export type JournalFacts =
  | { readonly state: 'absent' | 'sound' | 'in-use' }
  | { readonly state: 'broken'; readonly text: string }

const LOCK_WAIT_MS = 500

export function readJournal(stateDir: string): JournalFacts {
  const path = join(stateDir, JOURNAL_FILE)
  if (!existsSync(path)) return { state: 'absent' }
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(path, { readOnly: true, timeout: LOCK_WAIT_MS })
    const check = String(sqlite.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'])
    return check === 'ok' ? { state: 'sound' } : { state: 'broken', text: check }
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown)
    // The running service holds it for itself.
    return /locked|busy/i.test(text) ? { state: 'in-use' } : { state: 'broken', text }
  } finally {
    if (sqlite?.isOpen) sqlite.close()
  }
}
