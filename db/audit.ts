import { and, desc, eq, gt, gte, lt, sql, type SQL } from 'drizzle-orm'
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
  /** Network address the request came from, where it came from outside. */
  readonly source?: string | undefined
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
export const auditStatement = (db: Db, actor: Actor, entries: readonly AuditEntry[]) =>
  db.insert(audit).select(auditRows(actor, entries))

/** The rows themselves, for a statement that adds a condition. Where a request came from stands among the facts. */
export function auditRows(actor: Actor, entries: readonly AuditEntry[]): SQL {
  const source = actor.source === undefined ? {} : { source: actor.source }
  const rows = JSON.stringify(entries.map((entry) => ({ ...entry, facts: { ...entry.facts, ...source } })))
  return sql`
    select null, ${actor.at}, ${actor.actor}, value ->> 'action', value ->> 'kind', value ->> 'name', value ->> 'uid',
           value ->> 'generation', ${actor.requestId}, value -> 'facts'
    from json_each(${rows})`
}

/** For what is worth remembering but changes no row of ours, such as a decision about an operation. */
export async function recordAudit(db: Db, actor: Actor, entries: readonly AuditEntry[]): Promise<void> {
  await auditStatement(db, actor, entries)
}

export interface AuditPage {
  readonly limit: number
  /** Id of the last row of the page before. */
  readonly before?: number | undefined
  /** Only what came later than this row: for who follows. */
  readonly after?: number | undefined
  readonly actor?: string | undefined
  /** Of the subject: its kind, its name, or both. */
  readonly kind?: string | undefined
  readonly name?: string | undefined
  readonly action?: string | undefined
  readonly since?: number | undefined
}

/** Newest first. */
export async function listAudit(db: Db, page: AuditPage): Promise<readonly AuditRow[]> {
  const only = <T>(value: T | undefined, condition: (value: T) => SQL) =>
    value === undefined ? [] : [condition(value)]
  const rows = await db
    .select()
    .from(audit)
    .where(
      and(
        ...only(page.before, (id) => lt(audit.id, id)),
        ...only(page.after, (id) => gt(audit.id, id)),
        ...only(page.actor, (actor) => eq(audit.actor, actor)),
        ...only(page.kind, (kind) => eq(audit.kind, kind)),
        ...only(page.name, (name) => eq(audit.name, name)),
        ...only(page.action, (action) => eq(audit.action, action)),
        ...only(page.since, (at) => gte(audit.at, at)),
      ),
    )
    .orderBy(desc(audit.id))
    .limit(page.limit)
  return rows.map((row) => ({
    ...row,
    generation: row.generation ?? undefined,
    facts: z.parse(FactsSchema, row.facts),
  }))
}
