import type { Db } from '#db/open.ts'
import { aClass, aCluster, aNetwork, aSite } from '../../db/builders.ts'
import { aMigratedDb, newUid, writeDocument } from './relay-world.ts'

export interface Story {
  readonly db: Db
  readonly siteUid: string
  readonly clusterUid: string
  /** Name of the documents, which differ from story to story. */
  readonly name: string
}

/** A site with one network and one cluster of three control planes, as the API Worker would have written them. */
export async function aStory(changes: { readonly machines?: Record<string, string> } = {}): Promise<Story> {
  const db = await aMigratedDb()
  const siteUid = newUid()
  const clusterUid = newUid()
  const name = `s-${siteUid.slice(9)}`
  await writeDocument(db, siteUid, aSite(name))
  await writeDocument(db, newUid(), aNetwork(name, { site: name }))
  await writeDocument(db, newUid(), aClass(name))
  await writeDocument(db, clusterUid, clusterDocument(name, changes.machines))
  return { db, siteUid, clusterUid, name }
}

export const THREE_MACHINES = { 'cp-1': '192.168.1.51', 'cp-2': '192.168.1.52', 'cp-3': '192.168.1.53' }

export const clusterDocument = (name: string, machines: Record<string, string> = THREE_MACHINES) =>
  aCluster(name, { site: name, nodeNetwork: name, controlPlane: { class: name, schedulable: true, machines } })
