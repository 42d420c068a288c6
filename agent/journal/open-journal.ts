import { randomUUID } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import type { Boundary } from '../crash-points.ts'
import { openDatabase, type Database, type OpenFailure } from './database.ts'
import type { Journal } from './journal.ts'
import { openMadeMachines } from './made-machines.ts'
import { openOperationTable } from './operation-table.ts'
import { openConfiguredMachines, openIssuedCredentials, openSealedSecrets, openWatches } from './small-tables.ts'

export const JOURNAL_FILE = 'journal.sqlite'

/** Opens the journal of a state directory, counts the opening, and prunes what nobody can ask for any more. */
export function openJournal(
  stateDir: string,
  deps: { readonly now: () => number; readonly boundary: Boundary },
): Result<Journal, OpenFailure> {
  const path = join(stateDir, JOURNAL_FILE)
  const opened = openDatabase(path, deps.boundary)
  if (!opened.ok) return opened
  chmodSync(path, 0o600)
  const database = opened.value

  const { instanceId, incarnation } = database.commit('opening', () => {
    const id = readMeta(database, 'instance') ?? randomUUID()
    const count = Number(readMeta(database, 'incarnation') ?? 0) + 1
    writeMeta(database, 'instance', id)
    writeMeta(database, 'incarnation', String(count))
    return { instanceId: id, incarnation: count }
  })
  const lastEpoch = (): number => Number(readMeta(database, 'last-epoch') ?? 0)

  return ok({
    instanceId,
    incarnation,
    lastEpoch,
    confirmEpoch(epoch) {
      if (epoch > lastEpoch()) database.commit('epoch', () => writeMeta(database, 'last-epoch', String(epoch)))
    },
    operations: openOperationTable(database, deps.now),
    machines: openConfiguredMachines(database),
    made: openMadeMachines(database),
    secrets: openSealedSecrets(database, deps.now),
    watches: openWatches(database),
    issued: openIssuedCredentials(database, deps.now),
    close: () => database.close(),
  })
}

const Meta = z.object({ value: z.string() })

const readMeta = (database: Database, key: string): string | undefined =>
  database.all(Meta, 'SELECT value FROM meta WHERE key = ?', key)[0]?.value

const writeMeta = (database: Database, key: string, value: string): number =>
  database.run(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    key,
    value,
  )
