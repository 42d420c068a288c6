import { asc, getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { Kind, Stored } from '#core/model/document.ts'
import { toStored } from './document-row.ts'
import type { Db } from './open.ts'
import { documents } from './schema.ts'

/**
 * The documents a decision is made from, and the proof that they have not changed since.
 *
 * A request reads a scope, decides, and writes together with `guardStatement`: when any document of the scope was
 * created, changed, marked or removed in between, the whole batch fails and nothing is written. So a check that spans
 * documents (references, shared addresses) holds in the database too, without a lock.
 */
export interface Scope {
  readonly named: readonly { readonly kind: Kind; readonly name: string }[]
  /** With every Network, Machine and Cluster of these sites. */
  readonly sites: readonly string[]
  /** With every Cluster and Machine that is on these networks. */
  readonly networks: readonly string[]
  /** With every Cluster and Machine that uses these machine classes; the classes that Clusters of the scope use by name come along. */
  readonly machineClasses: readonly string[]
}

/** Far more than one owner has; past it a check could silently miss a document, so the request fails instead. */
const MAX_SCOPE_ROWS = 1_000

export interface ScopedDocument {
  readonly stored: Stored
  /** Phase of its status, when it has one; a Cluster that is `gone` counts as not existing. */
  readonly phase: string | undefined
  /** As published, unchecked; see ./statuses.ts. */
  readonly status: unknown
}

export interface ScopeAnswer {
  readonly documents: readonly ScopedDocument[]
  /** Changes whenever any document of the scope does. */
  readonly mark: string
}

export async function readScope(db: Db, scope: Scope): Promise<ScopeAnswer> {
  // Subqueries instead of a join: drizzle's D1 batches confuse equal column names of two tables.
  const rows = await db
    .select({
      ...getTableColumns(documents),
      phase: sql<string | null>`(select phase from statuses where statuses.uid = documents.uid)`.as('phase'),
      status: sql<string | null>`(select status from statuses where statuses.uid = documents.uid)`.as('status_text'),
    })
    .from(documents)
    .where(inScope(scope))
    .orderBy(asc(documents.uid))
    .limit(MAX_SCOPE_ROWS + 1)
  if (rows.length > MAX_SCOPE_ROWS) throw new Error(`invariant broken: more than ${MAX_SCOPE_ROWS} related documents`)
  return {
    documents: rows.map((row) => ({
      stored: toStored(row),
      phase: row.phase ?? undefined,
      status: row.status === null ? undefined : (JSON.parse(row.status) as unknown),
    })),
    mark: rows.map((row) => `${row.uid}.${row.generation}.${row.deletingAt ?? 0}`).join(' '),
  }
}

/** First statement of a batch: fails the batch unless the scope is still what `mark` says. */
export function guardStatement(db: Db, scope: Scope, mark: string) {
  const now = markOf(scope)
  // json() of a text that is not JSON is an error, and an error rolls the whole D1 batch back.
  return db.select({ held: sql`iif(${now} = ${mark}, 1, json('scope changed'))`.as('held') }).from(sql`(select 1)`)
}

/** Whether the scope is still what it was; asked after a batch failed, to tell a lost race from a fault. */
export async function scopeHolds(db: Db, scope: Scope, mark: string): Promise<boolean> {
  const [row] = await db.select({ held: sql<number>`${markOf(scope)} = ${mark}`.as('held') }).from(sql`(select 1)`)
  return row?.held === 1
}

const markOf = (scope: Scope): SQL => sql`(
  select coalesce(group_concat(mark, ' '), '') from (
    select uid || '.' || generation || '.' || coalesce(deleting_at, 0) as mark
    from documents where ${inScope(scope)} order by uid))`

const inScope = (scope: Scope): SQL => {
  const sites = sql`(select value from json_each(${JSON.stringify(scope.sites)}))`
  const networks = sql`(select value from json_each(${JSON.stringify(scope.networks)}))`
  const classes = sql`(select value from json_each(${JSON.stringify(scope.machineClasses)}))`
  const named = sql`(select value ->> 'kind', value ->> 'name' from json_each(${JSON.stringify(scope.named)}))`
  return sql`(
    (documents.kind, documents.name) in ${named}
    or (documents.kind = 'MachineClass' and documents.name in (
      select node.value from documents as users, json_tree(users.spec) as node
      where users.kind = 'Cluster' and (users.kind, users.name) in ${named} and node.key = 'class' and node.type = 'text'))
    or (documents.kind in ('Network', 'Machine', 'Cluster') and documents.spec ->> '$.site' in ${sites})
    or (documents.kind in ('Cluster', 'Machine') and exists (
      select 1 from json_tree(documents.spec) as node where
        (node.key in ('nodeNetwork', 'network') or node.path like '%.nics') and node.type = 'text' and node.value in ${networks}))
    or (documents.kind in ('Cluster', 'Machine') and exists (
      select 1 from json_tree(documents.spec) as node where
        node.key = 'class' and node.type = 'text' and node.value in ${classes})))`
}
