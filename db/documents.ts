import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Visible } from '#core/access/grant.ts'
import type { Document, Kind, Stored } from '#core/model/document.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { auditStatement, type Actor, type AuditEntry } from './audit.ts'
import { toStored } from './document-row.ts'
import type { Db } from './open.ts'
import { agents, documents, joinTokens, sealedCopies, sealedSecrets, statuses } from './schema.ts'
import { guardStatement, scopeHolds, type Scope } from './scope.ts'

/**
 * The wishes of the owner. Every write stands in one D1 batch with its audit rows and with the guard of the scope it was
 * decided from (./scope.ts): it happens as a whole, or `lost` comes back and nothing happened.
 */
export interface DocumentWrite {
  readonly document: Document
  readonly uid: string
  /** 1 creates; otherwise one more than the generation it was based on. */
  readonly generation: number
  readonly createdAt: number
}

export interface Guard {
  readonly scope: Scope
  readonly mark: string
}

/** A Cluster whose status says `gone` counts as not existing; its row waits for a new document of that name. */
const live = sql`not exists (select 1 from statuses where statuses.uid = documents.uid and statuses.phase = 'gone')`

export async function findDocument(db: Db, kind: Kind, name: string): Promise<Stored | undefined> {
  const [row] = await db
    .select()
    .from(documents)
    .where(and(eq(documents.kind, kind), eq(documents.name, name), live))
  return row && toStored(row)
}

/** Also finds a Cluster that is gone: whoever has its uid is asking about that one. */
export async function findDocumentByUid(db: Db, uid: string): Promise<Stored | undefined> {
  const [row] = await db.select().from(documents).where(eq(documents.uid, uid))
  return row && toStored(row)
}

/** Where a document is, so that it can be said who may see it. undefined when there is none of that name. */
export async function findPlace(
  db: Db,
  kind: Kind,
  named: { readonly name: string } | { readonly uid: string },
): Promise<{ readonly name: string; readonly site: string | undefined } | undefined> {
  const [row] = await db
    .select({ name: documents.name, site: sql<string | null>`${documents.spec} ->> '$.site'`.as('site') })
    .from(documents)
    .where(
      and(
        eq(documents.kind, kind),
        'uid' in named ? eq(documents.uid, named.uid) : and(eq(documents.name, named.name), live),
      ),
    )
  return row && { name: row.name, site: row.site ?? undefined }
}

/** By name, as far as the caller may see. `after` is the last name of the page before. */
export async function listDocuments(
  db: Db,
  kind: Kind,
  page: {
    readonly limit: number
    readonly after?: string | undefined
    readonly visible?: readonly Visible[] | undefined
  },
): Promise<readonly Stored[]> {
  const seen = (page.visible ?? []).map((visible) => seenBy(kind, visible))
  const after = page.after === undefined ? undefined : gt(documents.name, page.after)
  const rows = await db
    .select()
    .from(documents)
    .where(and(eq(documents.kind, kind), after, live, ...seen))
    .orderBy(asc(documents.name))
    .limit(page.limit)
  return rows.map(toStored)
}

/** Classes belong to nobody and hold nothing of a site; everybody who may see anything sees them. */
function seenBy(kind: Kind, visible: Visible) {
  if (visible === 'everything' || kind === 'MachineClass') return undefined
  const sites = inArrayText(visible.sites)
  if (kind === 'Site') return sql`${documents.name} in ${sites}`
  const ofSite = sql`${documents.spec} ->> '$.site' in ${sites}`
  return kind === 'Cluster' ? sql`(${ofSite} or ${documents.name} in ${inArrayText(visible.clusters)})` : ofSite
}

/** `replacedUids` are the gone clusters whose names are taken over. An empty list of writes touches nothing. */
export async function writeDocuments(
  db: Db,
  change: {
    readonly writes: readonly DocumentWrite[]
    readonly replacedUids: readonly string[]
    readonly guard: Guard
  },
  actor: Actor,
): Promise<Result<undefined, 'lost'>> {
  const { writes, replacedUids, guard } = change
  if (writes.length === 0) return ok(undefined)
  const rows = JSON.stringify(
    writes.map(({ document, uid, generation, createdAt }) => ({
      uid,
      kind: document.kind,
      name: document.metadata.name,
      spec: document.spec,
      labels: document.metadata.labels ?? {},
      annotations: document.metadata.annotations ?? {},
      generation,
      createdAt,
    })),
  )
  const entries = writes.map(({ document, uid, generation }) => ({
    action: generation === 1 ? 'document.created' : 'document.changed',
    kind: document.kind,
    name: document.metadata.name,
    uid,
    generation,
  }))
  const replaced = inArrayText(replacedUids)
  return await guarded(db, guard, async () => {
    await db.batch([
      guardStatement(db, guard.scope, guard.mark),
      db.delete(statuses).where(sql`${statuses.uid} in ${replaced}`),
      db.delete(sealedSecrets).where(sql`${sealedSecrets.clusterUid} in ${replaced}`),
      db.delete(sealedCopies).where(sql`${sealedCopies.clusterUid} in ${replaced}`),
      db.delete(documents).where(sql`${documents.uid} in ${replaced}`),
      // `where true` keeps SQLite from reading "on conflict" as part of a join.
      db
        .insert(documents)
        .select(
          sql`
          select value ->> 'uid', value ->> 'kind', value ->> 'name', value -> 'spec', value -> 'labels',
                 value -> 'annotations', value ->> 'generation', value ->> 'createdAt', ${actor.at}, null, null
          from json_each(${rows}) where true`,
        )
        .onConflictDoUpdate({
          target: documents.uid,
          set: {
            spec: sql`excluded.spec`,
            labels: sql`excluded.labels`,
            annotations: sql`excluded.annotations`,
            generation: sql`excluded.generation`,
            updatedAt: sql`excluded.updated_at`,
          },
        }),
      auditStatement(db, actor, entries),
    ])
  })
}

/** Deletion of a Cluster begins: its object does the rest and publishes `gone`. Repeating it keeps the first time. */
export async function markDeleting(
  db: Db,
  stored: Stored,
  guard: Guard,
  actor: Actor,
): Promise<Result<undefined, 'lost'>> {
  return await guarded(db, guard, async () => {
    await db.batch([
      guardStatement(db, guard.scope, guard.mark),
      db
        .update(documents)
        .set({ deletingAt: sql`coalesce(${documents.deletingAt}, ${actor.at})` })
        .where(eq(documents.uid, stored.uid)),
      auditStatement(db, actor, [entryOf('document.deletion-begun', stored)]),
    ])
  })
}

/** A Cluster is dropped and its machines are left alone, whether its deletion has begun or not. */
export async function markForgotten(
  db: Db,
  stored: Stored,
  guard: Guard,
  actor: Actor,
): Promise<Result<undefined, 'lost'>> {
  return await guarded(db, guard, async () => {
    await db.batch([
      guardStatement(db, guard.scope, guard.mark),
      db
        .update(documents)
        .set({
          deletingAt: sql`coalesce(${documents.deletingAt}, ${actor.at})`,
          forgottenAt: sql`coalesce(${documents.forgottenAt}, ${actor.at})`,
        })
        .where(eq(documents.uid, stored.uid)),
      auditStatement(db, actor, [entryOf('document.forgotten', stored)]),
    ])
  })
}

/** Removes a document nothing refers to, and with a Site its agents and open join tokens. */
export async function removeDocument(
  db: Db,
  stored: Stored,
  guard: Guard,
  actor: Actor,
): Promise<Result<undefined, 'lost'>> {
  return await guarded(db, guard, async () => {
    await db.batch([
      guardStatement(db, guard.scope, guard.mark),
      db.delete(documents).where(eq(documents.uid, stored.uid)),
      db.delete(statuses).where(eq(statuses.uid, stored.uid)),
      db
        .delete(sealedCopies)
        .where(sql`${sealedCopies.agentId} in (select id from agents where site_uid = ${stored.uid})`),
      db.delete(agents).where(eq(agents.siteUid, stored.uid)),
      db.delete(joinTokens).where(eq(joinTokens.siteUid, stored.uid)),
      auditStatement(db, actor, [entryOf('document.removed', stored)]),
    ])
  })
}

const entryOf = (action: string, stored: Stored): AuditEntry => ({
  action,
  kind: stored.kind,
  name: stored.metadata.name,
  uid: stored.uid,
  generation: stored.generation,
})

const inArrayText = (values: readonly string[]) => sql`(select value from json_each(${JSON.stringify(values)}))`

/** A batch that fails while its scope has moved has lost a race; any other failure is a fault and is thrown on. */
async function guarded(db: Db, guard: Guard, run: () => Promise<void>): Promise<Result<undefined, 'lost'>> {
  try {
    await run()
    return ok(undefined)
  } catch (fault) {
    if (await scopeHolds(db, guard.scope, guard.mark)) throw fault
    return err('lost')
  }
}

/** Names of existing documents of a kind, for hints; as many as make a hint useful. */
export async function namesOf(db: Db, kinds: readonly Kind[], limit: number) {
  return await db
    .select({ kind: documents.kind, name: documents.name })
    .from(documents)
    .where(and(inArray(documents.kind, [...kinds]), live))
    .limit(limit)
}
