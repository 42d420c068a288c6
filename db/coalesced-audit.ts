import { sql } from 'drizzle-orm'
import { auditRows, type Actor, type AuditEntry } from './audit.ts'
import type { Db } from './open.ts'
import { audit, marks } from './schema.ts'

/**
 * For what somebody can cause as often as they like: denied attempts, reading the audit. At most one row in `everyMs`
 * for each key, whoever races.
 */
export async function recordAuditSometimes(
  db: Db,
  actor: Actor,
  entry: AuditEntry,
  { key, everyMs }: { readonly key: string; readonly everyMs: number },
): Promise<void> {
  const since = actor.at - everyMs
  await db.batch([
    db.insert(audit).select(
      sql`${auditRows(actor, [entry])} where not exists (
        select 1 from marks where marks.key = ${key} and marks.at > ${since})`,
    ),
    db
      .insert(marks)
      .values({ key, at: actor.at })
      .onConflictDoUpdate({ target: marks.key, set: { at: actor.at }, setWhere: sql`${marks.at} <= ${since}` }),
  ])
}
