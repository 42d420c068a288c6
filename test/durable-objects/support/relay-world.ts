import { applyD1Migrations, env, runDurableObjectAlarm, runInDurableObject, type D1Migration } from 'cloudflare:test'
import type { Document } from '#core/model/document.ts'
import { mintUid } from '#core/model/ids.ts'
import type { ClusterStatus } from '#core/model/status.ts'
import { openDb, type Db } from '#db/open.ts'
import { documents } from '#db/schema.ts'
import { findStatus } from '#db/statuses.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import type { ClusterPort, SitePort } from '#durable-objects/ports.ts'

/** The bindings of the script under test. */
export const relayEnv = env as unknown as RelayEnv & { readonly MIGRATIONS: D1Migration[] }

const POLL_MS = 5
/** Nothing here takes a second; ten tell a busy machine from a hang. */
const WAIT_MS = 10_000

export async function aMigratedDb(): Promise<Db> {
  await applyD1Migrations(relayEnv.DB, relayEnv.MIGRATIONS)
  return openDb(relayEnv.DB)
}

export const newUid = (): string => mintUid(Date.now(), crypto.getRandomValues(new Uint8Array(11)))

/** Polls until `look` gives something, and fails with `what` when that takes too long. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Writes a document as the API Worker does; a document of that uid is replaced and its generation counted up. */
export async function writeDocument(
  db: Db,
  uid: string,
  document: Document,
  changes: { generation?: number; deletingAt?: number; forgottenAt?: number } = {},
): Promise<void> {
  const { kind, metadata, spec } = document
  const values = {
    kind,
    name: metadata.name,
    spec,
    labels: {},
    annotations: {},
    generation: changes.generation ?? 1,
    createdAt: 0,
    updatedAt: 0,
    deletingAt: changes.deletingAt ?? null,
    forgottenAt: changes.forgottenAt ?? null,
  }
  await db
    .insert(documents)
    .values({ uid, ...values })
    .onConflictDoUpdate({ target: documents.uid, set: values })
}

export const clusterStub = (uid: string) => relayEnv.CLUSTER.get(relayEnv.CLUSTER.idFromName(uid))
export const siteStub = (uid: string) => relayEnv.SITE.get(relayEnv.SITE.idFromName(uid))
export const clusterPort = (uid: string): ClusterPort => clusterStub(uid) as unknown as ClusterPort
export const sitePort = (uid: string): SitePort => siteStub(uid) as unknown as SitePort

export const alarmOf = (stub: DurableObjectStub): Promise<number | null> =>
  runInDurableObject(stub, (_instance, state) => state.storage.getAlarm())

/** Runs the alarm now, which is how time passes in these tests; false when there is none. */
export const ring = (stub: DurableObjectStub): Promise<boolean> => runDurableObjectAlarm(stub)

export async function clusterStatusOf(db: Db, uid: string): Promise<ClusterStatus | undefined> {
  return (await findStatus(db, uid))?.status as ClusterStatus | undefined
}
