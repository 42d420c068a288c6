import { execFileSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { noBoundary } from '#agent/crash-points.ts'
import { openDatabase } from '#agent/journal/database.ts'
import { MIGRATIONS } from '#agent/journal/migrations.ts'
import { JOURNAL_FILE, openJournal } from '#agent/journal/open-journal.ts'
import { aJournal, aStateDir } from './journal-at.ts'

const options = { now: Date.now, boundary: noBoundary }

describe('opening', () => {
  test('[O11] only one process has the journal', () => {
    const dir = aStateDir()
    const journal = aJournal(dir)
    const second = `
      import { openJournal } from '#agent/journal/open-journal.ts'
      const opened = openJournal(process.argv[1], { now: Date.now, boundary: () => undefined })
      process.stdout.write(opened.ok ? 'opened' : opened.error.reason)`
    const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', second, dir], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(said).toBe('in-use')
    journal.close()
  })

  test('only its own user may read it', () => {
    const dir = aStateDir()
    aJournal(dir).close()
    expect(statSync(join(dir, JOURNAL_FILE)).mode & 0o777).toBe(0o600)
  })

  test('a journal of a newer agent is refused, not guessed at', () => {
    const path = join(aStateDir(), 'newer.sqlite')
    const newer = openDatabase(path, noBoundary, [...MIGRATIONS, { id: '9999-later', sql: 'CREATE TABLE later (x)' }])
    if (newer.ok) newer.value.close()
    expect(openDatabase(path, noBoundary)).toMatchObject({ ok: false, error: { reason: 'newer' } })
  })

  test('an edited migration is refused', () => {
    const path = join(aStateDir(), 'edited.sqlite')
    const first = openDatabase(path, noBoundary, [{ id: '0001', sql: 'CREATE TABLE a (x)' }])
    if (first.ok) first.value.close()
    expect(openDatabase(path, noBoundary, [{ id: '0001', sql: 'CREATE TABLE a (x, y)' }])).toMatchObject({
      ok: false,
      error: { reason: 'edited-history' },
    })
  })

  test('a file that is no journal is refused', () => {
    const dir = aStateDir()
    writeFileSync(join(dir, JOURNAL_FILE), 'not a database, but long enough to be looked at as one '.repeat(20))
    expect(openJournal(dir, options)).toMatchObject({ ok: false, error: { reason: 'unreadable' } })
  })

  test('a change that throws leaves nothing behind', () => {
    const opened = openDatabase(join(aStateDir(), 'x.sqlite'), noBoundary)
    if (!opened.ok) throw new Error(opened.error.text)
    const database = opened.value
    expect(() =>
      database.commit('broken', () => {
        database.run("INSERT INTO meta (key, value) VALUES ('a', 'b')")
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(database.run('DELETE FROM meta')).toBe(0)
    database.close()
  })
})
