/** Tables of a Cluster object. Append only: a released entry is never edited (durable-objects/migrate.ts). */
export const CLUSTER_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE machines (
    machine_id TEXT PRIMARY KEY,
    machine TEXT NOT NULL,
    placement TEXT
  ) WITHOUT ROWID;
  CREATE TABLE operations (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    open INTEGER NOT NULL,
    operation TEXT NOT NULL,
    submitted INTEGER NOT NULL,
    cancel_sent INTEGER NOT NULL,
    news_at INTEGER NOT NULL
  );
  CREATE TABLE locks (
    name TEXT PRIMARY KEY,
    fence INTEGER NOT NULL,
    lock TEXT
  ) WITHOUT ROWID;
  CREATE TABLE events (seq INTEGER PRIMARY KEY, event TEXT NOT NULL);
  `,
]
