import { desc, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import { FactsSchema } from '#core/model/problem-schema.ts'
import type { Facts } from '#core/model/problem.ts'
import type { Db } from './open.ts'
import { audit } from './schema.ts'

/** Who did it, in which request. The same for everything one request changes. */
export interface Actor {
  readonly actor: string
  readonly requestId: string
  readonly at: number
}

export interface AuditEntry {
  /** `noun.verb`, as in `document.created` or `agent.revoked`. */
  readonly action: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly generation?: number | undefined
  readonly facts?: Facts | undefined
}

export interface AuditRow extends Actor {
  readonly id: number
  readonly action: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly generation: number | undefined
  readonly facts: Facts
}

/**
 * The statement that writes all entries, to stand in the batch of the change it records. One statement and one
 * parameter, however many entries there are, because D1 counts both.
 */
export function auditStatement(db: Db, actor: Actor, entries: readonly AuditEntry[]) {
  const rows = JSON.stringify(entries.map((entry) => ({ facts: {}, ...entry })))
  return db.insert(audit).select(sql`
    select null, ${actor.at}, ${actor.actor}, value ->> 'action', value ->> 'kind', value ->> 'name', value ->> 'uid',
           value ->> 'generation', ${actor.requestId}, value -> 'facts'
    from json_each(${rows})`)
}

/** For what is worth remembering but changes no row of ours, such as a decision about an operation. */
export async function recordAudit(db: Db, actor: Actor, entries: readonly AuditEntry[]): Promise<void> {
  await auditStatement(db, actor, entries)
}

/** Newest first. `before` is the id of the last row of the page before. */
export async function listAudit(
  db: Db,
  page: { readonly limit: number; readonly before?: number | undefined },
): Promise<readonly AuditRow[]> {
  const rows = await db
    .select()
    .from(audit)
    .where(page.before === undefined ? undefined : lt(audit.id, page.before))
    .orderBy(desc(audit.id))
    .limit(page.limit)
  return rows.map((row) => ({
    ...row,
    generation: row.generation ?? undefined,
    facts: z.parse(FactsSchema, row.facts),
  }))
}
