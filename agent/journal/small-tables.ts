import { z } from 'zod'
import { WatchPut } from '#core/protocol/watch-put.ts'
import type { Database } from './database.ts'
import type { ConfiguredMachines, IssuedCredentials, SealedSecrets, Watches } from './journal.ts'

/** Credentials handed out are remembered for as long as anyone may ask who had one. */
const ISSUED_KEPT = 1_000

const ConfiguredRow = z.object({ intentHash: z.string(), configToken: z.string() })

export function openConfiguredMachines(database: Database): ConfiguredMachines {
  return {
    find: (machineId) =>
      database.all(
        ConfiguredRow,
        'SELECT intent_hash AS intentHash, config_token AS configToken FROM configured_machines WHERE machine_id = ?',
        machineId,
      )[0],
  }
}

const BundleRow = z.object({ clusterUid: z.string(), version: z.number() })
const CiphertextRow = z.object({ ciphertext: z.string() })

export function openSealedSecrets(database: Database, now: () => number): SealedSecrets {
  const get = (clusterUid: string, version: number): string | undefined =>
    database.all(
      CiphertextRow,
      'SELECT ciphertext FROM sealed_secrets WHERE cluster_uid = ? AND version = ?',
      clusterUid,
      version,
    )[0]?.ciphertext
  return {
    get,
    all: () =>
      database.all(
        BundleRow,
        'SELECT cluster_uid AS clusterUid, version FROM sealed_secrets ORDER BY cluster_uid, version',
      ),
    put(clusterUid, version, ciphertext) {
      database.commit('secrets', () =>
        database.run(
          'INSERT INTO sealed_secrets (cluster_uid, version, ciphertext, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
          clusterUid,
          version,
          ciphertext,
          now(),
        ),
      )
      return get(clusterUid, version) ?? ciphertext
    },
  }
}

const WatchRow = z.object({ watch: z.string() })

export function openWatches(database: Database): Watches {
  return {
    all: () =>
      database
        .all(WatchRow, 'SELECT watch FROM watches ORDER BY cluster_uid')
        .map((row) => WatchPut.parse(JSON.parse(row.watch))),
    put(watch) {
      database.commit('watch', () =>
        watch.machines.length === 0
          ? database.run('DELETE FROM watches WHERE cluster_uid = ?', watch.clusterUid)
          : database.run(
              'INSERT INTO watches (cluster_uid, watch) VALUES (?, ?) ON CONFLICT DO UPDATE SET watch = excluded.watch',
              watch.clusterUid,
              JSON.stringify(watch),
            ),
      )
    },
  }
}

export function openIssuedCredentials(database: Database, now: () => number): IssuedCredentials {
  return {
    record(what, clusterUid, subject, expiresAt) {
      database.commit('issued', () => {
        database.run(
          'INSERT INTO issued (at, what, cluster_uid, subject, expires_at) VALUES (?, ?, ?, ?, ?)',
          now(),
          what,
          clusterUid,
          subject,
          expiresAt,
        )
        database.run('DELETE FROM issued WHERE rowid <= (SELECT max(rowid) FROM issued) - ?', ISSUED_KEPT)
      })
    },
  }
}
