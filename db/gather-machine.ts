import { and, eq, or, sql } from 'drizzle-orm'
import { isManaged } from '#core/model/document.ts'
import type { GatheredMachine } from '#core/plan/stand-alone/view.ts'
import { toStored } from './document-row.ts'
import { byName } from './gather.ts'
import type { Db } from './open.ts'
import { documents } from './schema.ts'

/** A managed Machine and what it refers to, in one statement, so that all of it is from one moment. */
export async function gatherMachine(db: Db, uid: string): Promise<GatheredMachine | undefined> {
  const ofMachine = (path: string) =>
    sql`(select spec ->> ${path} from documents where uid = ${uid} and kind = 'Machine')`
  const rows = await db
    .select()
    .from(documents)
    .where(
      or(
        and(eq(documents.uid, uid), eq(documents.kind, 'Machine')),
        and(eq(documents.kind, 'Site'), eq(documents.name, ofMachine('$.site'))),
        and(eq(documents.kind, 'Network'), sql`documents.spec ->> '$.site' = ${ofMachine('$.site')}`),
        and(eq(documents.kind, 'MachineClass'), eq(documents.name, ofMachine('$.class'))),
      ),
    )
  const found = rows.map(toStored)
  const machine = found.find(isManaged)
  if (!machine) return undefined
  return {
    machine,
    site: found.find((document) => document.kind === 'Site'),
    networks: byName(found.filter((document) => document.kind === 'Network')),
    machineClasses: byName(found.filter((document) => document.kind === 'MachineClass')),
  }
}
