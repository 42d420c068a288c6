import { sql } from 'drizzle-orm'
import type { Db } from './open.ts'

/**
 * What the daily cron takes away: whatever nobody can need any more, a bounded number of rows at a time, so that a run
 * never costs more than its share of the day's budget. What is left over goes the next day.
 */
export interface Retention {
  readonly auditMs: number
  /** Of clusters that are gone. Those that were forgotten keep their rows: their machines live on, and so do secrets. */
  readonly goneClusterMs: number
  /** Of sessions and tokens that are over, for who asks what they were. */
  readonly credentialMs: number
}

/** D1 writes 100,000 rows a day on the free plan; a deleted row counts as one, with one more for each index. */
const MAX_ROWS = 5_000
/** Each goes with its document, its status and its secrets. */
const MAX_CLUSTERS = 500

export interface Swept {
  readonly audit: number
  readonly credentials: number
  readonly joinTokens: number
  readonly marks: number
  readonly bindings: number
  readonly clusters: number
}

export async function sweep(db: Db, now: number, keep: Retention): Promise<Swept> {
  const count = async (statement: ReturnType<typeof sql>): Promise<number> =>
    (await db.run(statement)).meta.changes ?? 0
  const over = now - keep.credentialMs
  return {
    audit: await count(sql`
      delete from audit where id in (select id from audit where at < ${now - keep.auditMs} order by id limit ${MAX_ROWS})`),
    credentials: await count(sql`
      delete from credentials where hash in (
        select hash from credentials where expires_at < ${over} or revoked_at < ${over} limit ${MAX_ROWS})`),
    joinTokens: await count(sql`
      delete from join_tokens where hash in (select hash from join_tokens where expires_at < ${over} limit ${MAX_ROWS})`),
    // The mark of a used bootstrap token stays: it keeps the door shut.
    marks: await count(sql`
      delete from marks where key in (
        select key from marks where at < ${over} and key not like 'bootstrap-ended:%' limit ${MAX_ROWS})`),
    clusters: await removeGoneClusters(db, now - keep.goneClusterMs),
    bindings: await count(sql`
      delete from role_bindings where scope_kind <> 'everything'
        and not exists (select 1 from documents where documents.uid = role_bindings.scope_uid)`),
  }
}

async function removeGoneClusters(db: Db, before: number): Promise<number> {
  const gone = sql`
    select documents.uid from documents join statuses on statuses.uid = documents.uid
    where documents.kind = 'Cluster' and statuses.phase = 'gone' and statuses.updated_at < ${before}
      and documents.forgotten_at is null limit ${MAX_CLUSTERS}`
  const uids = (await db.all<{ uid: string }>(gone)).map(({ uid }) => uid)
  if (uids.length === 0) return 0
  const those = sql`(select value from json_each(${JSON.stringify(uids)}))`
  await db.run(sql`delete from sealed_secrets where cluster_uid in ${those}`)
  await db.run(sql`delete from documents where uid in ${those}`)
  await db.run(sql`delete from statuses where uid in ${those}`)
  return uids.length
}
