/** Tables of a Site object. Append only: a released entry is never edited (durable-objects/migrate.ts). */
export const SITE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE clusters (
    cluster_uid TEXT PRIMARY KEY,
    refused INTEGER NOT NULL,
    wake_owed INTEGER NOT NULL,
    watch TEXT
  ) WITHOUT ROWID;
  CREATE TABLE placements (machine_id TEXT PRIMARY KEY, cluster_uid TEXT NOT NULL, placement TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE mail (
    operation_id TEXT PRIMARY KEY,
    attempt INTEGER NOT NULL,
    mail TEXT NOT NULL,
    state TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    offered_at INTEGER,
    accepted_at INTEGER,
    cancelling INTEGER NOT NULL,
    unreported INTEGER NOT NULL,
    result TEXT,
    told TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE seen (kind TEXT NOT NULL, key TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
  CREATE TABLE parts (message TEXT NOT NULL, part INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (message, part)) WITHOUT ROWID;
  CREATE TABLE door_tokens (jti TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // Several agents: what is remembered of each one's journals, and whose work an accepted operation is.
  `
  CREATE TABLE journals (agent_id TEXT PRIMARY KEY, memory TEXT NOT NULL) WITHOUT ROWID;
  ALTER TABLE mail ADD COLUMN accepted_by TEXT;
  `,
]
