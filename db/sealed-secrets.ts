import { and, asc, eq, gt, max, sql } from 'drizzle-orm'
import { z } from 'zod'
import { auditStatement, type Actor } from './audit.ts'
import type { Db } from './open.ts'
import { sealedCopies, sealedSecrets } from './schema.ts'

/** Secrets bundles as age ciphertext, insert-only: what was sealed once is never overwritten. */
export interface SealedSecrets {
  readonly clusterUid: string
  readonly version: number
  /** age, armoured. */
  readonly ciphertext: string
  /** The age recipients it was sealed to. */
  readonly recipients: readonly string[]
  readonly createdAt: number
}

/** A bundle in the list of all of them. Its cluster's name is absent when the document is gone. */
export interface ListedSecrets extends SealedSecrets {
  /** Grows with each bundle. */
  readonly place: number
  readonly clusterName: string | undefined
  readonly site: string | undefined
}

const Recipients = z.array(z.string().max(128)).max(16)

/** `exists` when there is a bundle of that version already, whatever is in it: the first one counts. */
export async function insertSealedSecrets(db: Db, sealed: SealedSecrets): Promise<'inserted' | 'exists'> {
  const inserted = await db
    .insert(sealedSecrets)
    .values({ ...sealed, recipients: [...sealed.recipients] })
    .onConflictDoNothing()
    .returning({ version: sealedSecrets.version })
  return inserted.length > 0 ? 'inserted' : 'exists'
}

export async function findSealedSecrets(
  db: Db,
  clusterUid: string,
  version: number,
): Promise<SealedSecrets | undefined> {
  const [row] = await db
    .select()
    .from(sealedSecrets)
    .where(and(eq(sealedSecrets.clusterUid, clusterUid), eq(sealedSecrets.version, version)))
  if (!row) return undefined
  const { ciphertext, createdAt } = row
  return { clusterUid, version, ciphertext, recipients: z.parse(Recipients, row.recipients), createdAt }
}

/** Newest version, 0 when there is none. */
export async function sealedSecretsVersion(db: Db, clusterUid: string): Promise<number> {
  const [row] = await db
    .select({ version: max(sealedSecrets.version).as('version') })
    .from(sealedSecrets)
    .where(eq(sealedSecrets.clusterUid, clusterUid))
  return row?.version ?? 0
}

/** Oldest first, those of clusters that are gone included. `after` is the place of the last one of the page before. */
export async function listSealedSecrets(
  db: Db,
  {
    limit,
    after,
    clusterUid,
  }: { readonly limit: number; readonly after?: number | undefined; readonly clusterUid?: string },
): Promise<readonly ListedSecrets[]> {
  const place = sql<number>`sealed_secrets.rowid`
  const ofCluster = (column: string) =>
    sql<string | null>`(select ${sql.raw(column)} from documents where documents.uid = sealed_secrets.cluster_uid)`
  const rows = await db
    .select({
      place: place.as('place'),
      clusterUid: sealedSecrets.clusterUid,
      version: sealedSecrets.version,
      ciphertext: sealedSecrets.ciphertext,
      recipients: sealedSecrets.recipients,
      createdAt: sealedSecrets.createdAt,
      clusterName: ofCluster('name').as('cluster_name'),
      site: ofCluster("spec ->> '$.site'").as('site_name'),
    })
    .from(sealedSecrets)
    .where(and(gt(place, after ?? 0), clusterUid === undefined ? undefined : eq(sealedSecrets.clusterUid, clusterUid)))
    .orderBy(asc(place))
    .limit(limit)
  return rows.map((row) => ({
    ...row,
    recipients: z.parse(Recipients, row.recipients),
    clusterName: row.clusterName ?? undefined,
    site: row.site ?? undefined,
  }))
}

/** Notes, with the audit, that a person who can open them was given these bundles. */
export async function revealSealedSecrets(db: Db, listed: readonly ListedSecrets[], actor: Actor): Promise<void> {
  if (listed.length === 0) return
  const places = JSON.stringify(listed.map(({ place }) => place))
  await db.batch([
    db
      .update(sealedSecrets)
      .set({ revealedAt: actor.at })
      .where(sql`sealed_secrets.rowid in (select value from json_each(${places}))`),
    auditStatement(
      db,
      actor,
      listed.map(({ clusterUid, clusterName, version }) => ({
        action: 'secrets.revealed',
        kind: 'Cluster',
        name: clusterName ?? '',
        uid: clusterUid,
        facts: { version },
      })),
    ),
  ])
}

/** A copy for an agent that was admitted later; one that is made again replaces the one before. */
export async function putSealedCopy(
  db: Db,
  copy: {
    readonly clusterUid: string
    readonly version: number
    readonly agentId: string
    readonly ciphertext: string
  },
  at: number,
): Promise<void> {
  await db
    .insert(sealedCopies)
    .values({ ...copy, createdAt: at })
    .onConflictDoUpdate({
      target: [sealedCopies.clusterUid, sealedCopies.version, sealedCopies.agentId],
      set: { ciphertext: copy.ciphertext, createdAt: at },
    })
}

/** The ciphertext that this agent can open: its own copy when it was admitted later, else the bundle as it was born. */
export async function findCiphertextFor(
  db: Db,
  agentId: string,
  clusterUid: string,
  version: number,
): Promise<string | undefined> {
  const [copies, originals] = await db.batch([
    db
      .select({ ciphertext: sealedCopies.ciphertext })
      .from(sealedCopies)
      .where(
        and(
          eq(sealedCopies.clusterUid, clusterUid),
          eq(sealedCopies.version, version),
          eq(sealedCopies.agentId, agentId),
        ),
      ),
    db
      .select({ ciphertext: sealedSecrets.ciphertext })
      .from(sealedSecrets)
      .where(and(eq(sealedSecrets.clusterUid, clusterUid), eq(sealedSecrets.version, version))),
  ])
  return (copies[0] ?? originals[0])?.ciphertext
}
