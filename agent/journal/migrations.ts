/**
 * The journal's schema, append-only: a step that has been released is never edited, and a journal that knows more
 * steps than this list is refused, because an older agent would misread it.
 */
export interface Migration {
  readonly id: string
  readonly sql: string
}

export const MIGRATIONS: readonly Migration[] = [
  {
    id: '0001-first',
    sql: `
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE operations (
        operation_id  TEXT PRIMARY KEY,
        kind          TEXT NOT NULL,
        cluster_uid   TEXT NOT NULL,
        cluster_fence INTEGER NOT NULL,
        session_epoch INTEGER NOT NULL,
        attempt       INTEGER NOT NULL,
        state         TEXT NOT NULL CHECK (state IN ('running', 'finished')),
        input         TEXT NOT NULL,
        deadline_ms   INTEGER NOT NULL,
        accepted_at   INTEGER NOT NULL,
        started_at    INTEGER,
        finished_at   INTEGER,
        result        TEXT,
        acked         INTEGER NOT NULL DEFAULT 0 CHECK (acked IN (0, 1)),
        CHECK ((state = 'finished') = (result IS NOT NULL))
      ) STRICT;

      CREATE TABLE steps (
        operation_id TEXT NOT NULL REFERENCES operations ON DELETE CASCADE,
        name         TEXT NOT NULL,
        class        TEXT NOT NULL,
        intent_at    INTEGER NOT NULL,
        handle       TEXT,
        done_at      INTEGER,
        evidence     TEXT,
        PRIMARY KEY (operation_id, name)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE fences (cluster_uid TEXT PRIMARY KEY, fence INTEGER NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE configured_machines (
        machine_id   TEXT PRIMARY KEY,
        intent_hash  TEXT NOT NULL,
        config_token TEXT NOT NULL,
        at           INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE sealed_secrets (
        cluster_uid TEXT NOT NULL,
        version     INTEGER NOT NULL,
        ciphertext  TEXT NOT NULL,
        at          INTEGER NOT NULL,
        PRIMARY KEY (cluster_uid, version)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE watches (cluster_uid TEXT PRIMARY KEY, watch TEXT NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE issued (
        at          INTEGER NOT NULL,
        what        TEXT NOT NULL,
        cluster_uid TEXT NOT NULL,
        subject     TEXT NOT NULL,
        expires_at  INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    id: '0002-made-machines',
    sql: `
      CREATE TABLE made_machines (machine_id TEXT PRIMARY KEY, made TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
]
