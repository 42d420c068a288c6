import { eq, sql } from 'drizzle-orm'
import type { Db } from './open.ts'
import { statuses } from './schema.ts'

/** The status of a Site, a Cluster or a managed Machine, as its object last published it: one row, replaced. */
export interface PublishedStatus {
  readonly uid: string
  readonly kind: 'Site' | 'Cluster' | 'Machine'
  readonly phase: string
  /** ClusterStatus or SiteStatus of core/model/status.ts: written by our own objects only, answered to people as it is. */
  readonly status: unknown
  readonly observedGeneration: number
  readonly updatedAt: number
}

/**
 * Safe to repeat. Call it only when something changed: each call writes a row. What has no document any more gets none:
 * an object may hear of its end late, and the row would stay for ever.
 */
export async function publishStatus(
  db: Db,
  published: Omit<PublishedStatus, 'updatedAt'> & { readonly at: number },
): Promise<void> {
  const { uid, kind, phase, status, observedGeneration, at } = published
  const values = { kind, phase, status, observedGeneration, updatedAt: at }
  await db
    .insert(statuses)
    .select(
      sql`select ${uid}, ${kind}, ${phase}, ${JSON.stringify(status)}, ${observedGeneration}, ${at}
          from documents where documents.uid = ${uid}`,
    )
    .onConflictDoUpdate({ target: statuses.uid, set: values })
}

export async function findStatus(db: Db, uid: string): Promise<PublishedStatus | undefined> {
  const [row] = await db.select().from(statuses).where(eq(statuses.uid, uid))
  return row && toPublished(row)
}

/** By uid; those without a status are absent. One parameter, however many uids. */
export async function statusesOf(db: Db, uids: readonly string[]): Promise<ReadonlyMap<string, PublishedStatus>> {
  if (uids.length === 0) return new Map()
  const rows = await db
    .select()
    .from(statuses)
    .where(sql`${statuses.uid} in (select value from json_each(${JSON.stringify(uids)}))`)
  return new Map(rows.map((row) => [row.uid, toPublished(row)]))
}

function toPublished(row: typeof statuses.$inferSelect): PublishedStatus {
  if (row.kind !== 'Site' && row.kind !== 'Cluster' && row.kind !== 'Machine')
    throw new Error(`invariant broken: status ${row.uid} has the unknown kind ${row.kind}`)
  return { ...row, kind: row.kind }
}
