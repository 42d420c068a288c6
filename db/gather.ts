import { and, eq, inArray, max, or, sql } from 'drizzle-orm'
import type {
  ClusterDocument,
  Document,
  MachineDocument,
  NetworkDocument,
  SiteDocument,
  Stored,
} from '#core/model/document.ts'
import type { GatheredDocuments } from '#core/plan/documents.ts'
import { toStored } from './document-row.ts'
import type { Db } from './open.ts'
import { documents, sealedSecrets } from './schema.ts'

/**
 * What the objects read of D1 before they decide: a document and what it refers to, in one batch, so that all of it is
 * from one moment. References are by name; a missing one is undefined, which becomes a hold.
 */
export interface GatheredCluster extends GatheredDocuments {
  /** Newest version of the sealed bundle, 0 when there is none. */
  readonly secretsVersion: number
  /** When that bundle was last handed to a person who can open it. */
  readonly revealedAt?: number | undefined
}

export interface GatheredSite {
  readonly site: Stored<SiteDocument>
  readonly networks: readonly Stored<NetworkDocument>[]
  readonly machines: readonly Stored<MachineDocument>[]
  /** Those that are not gone. */
  readonly clusters: readonly {
    readonly uid: string
    readonly name: string
    readonly document: Stored<ClusterDocument>
  }[]
}

/** More than any LAN has; past it the site would be planned from a part, so it fails instead. */
const MAX_SITE_ROWS = 1_000

export async function gatherCluster(db: Db, clusterUid: string): Promise<GatheredCluster | undefined> {
  const ofCluster = (path: string) =>
    sql`(select spec ->> ${path} from documents where uid = ${clusterUid} and kind = 'Cluster')`
  const [rows, versions] = await db.batch([
    db
      .select()
      .from(documents)
      .where(
        or(
          and(eq(documents.uid, clusterUid), eq(documents.kind, 'Cluster')),
          and(eq(documents.kind, 'Site'), eq(documents.name, ofCluster('$.site'))),
          // Which of them the cluster means stands deep in its document; a site has few.
          and(eq(documents.kind, 'Network'), sql`documents.spec ->> '$.site' = ${ofCluster('$.site')}`),
          and(
            eq(documents.kind, 'MachineClass'),
            sql`documents.name in (
              select ${ofCluster('$.controlPlane.class')}
              union select value ->> 'class' from json_each(${ofCluster('$.workers')}))`,
          ),
        ),
      ),
    db
      // With max(), SQLite takes the other columns from the row of the maximum.
      .select({ version: max(sealedSecrets.version).as('version'), revealedAt: sealedSecrets.revealedAt })
      .from(sealedSecrets)
      .where(eq(sealedSecrets.clusterUid, clusterUid)),
  ])
  const found = rows.map(toStored)
  const cluster = found.find((document) => document.kind === 'Cluster')
  if (!cluster) return undefined
  return {
    cluster,
    site: found.find((document) => document.kind === 'Site'),
    networks: byName(found.filter((document) => document.kind === 'Network')),
    machineClasses: byName(found.filter((document) => document.kind === 'MachineClass')),
    secretsVersion: versions[0]?.version ?? 0,
    revealedAt: versions[0]?.revealedAt ?? undefined,
  }
}

/** By name, as plans look them up. */
export const byName = <D extends Document>(found: readonly D[]): Readonly<Record<string, D>> =>
  Object.fromEntries(found.map((document) => [document.metadata.name, document]))

export async function gatherSite(db: Db, siteUid: string): Promise<GatheredSite | undefined> {
  const siteName = sql`(select name from documents where uid = ${siteUid} and kind = 'Site')`
  const rows = await db
    .select()
    .from(documents)
    .where(
      or(
        and(eq(documents.uid, siteUid), eq(documents.kind, 'Site')),
        and(
          inArray(documents.kind, ['Network', 'Machine', 'Cluster']),
          sql`documents.spec ->> '$.site' = ${siteName}`,
          sql`not exists (select 1 from statuses where statuses.uid = documents.uid and statuses.phase = 'gone')`,
        ),
      ),
    )
    .limit(MAX_SITE_ROWS + 1)
  if (rows.length > MAX_SITE_ROWS) throw new Error(`invariant broken: more than ${MAX_SITE_ROWS} documents of one site`)
  const found = rows.map(toStored)
  const site = found.find((document) => document.kind === 'Site')
  if (!site) return undefined
  return {
    site,
    networks: found.filter((document) => document.kind === 'Network'),
    machines: found.filter((document) => document.kind === 'Machine'),
    clusters: found
      .filter((document) => document.kind === 'Cluster')
      .map((document) => ({ uid: document.uid, name: document.metadata.name, document })),
  }
}
