import { sql, type SQL } from 'drizzle-orm'
import { z } from 'zod'
import type { Grant, Scope } from '#core/access/grant.ts'
import { Role } from '#core/access/role.ts'
import type { Db } from './open.ts'

/** By what somebody may be bound: all names of a person, or the uid of a service account. */
export interface BoundAs {
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly serviceAccountUid?: string | undefined
}

const Row = z.object({ role: Role, kind: z.enum(['everything', 'site', 'cluster']), name: z.string().nullable() })

/**
 * What was granted to somebody, with the names their sites and clusters have now. A binding to what is gone gives
 * nothing, also when something new has taken its name.
 */
export async function readGrants(db: Db, { users, groups, serviceAccountUid }: BoundAs): Promise<readonly Grant[]> {
  const subjects = JSON.stringify([
    ...users.map((name) => ({ kind: 'user', name })),
    ...groups.map((name) => ({ kind: 'group', name })),
    ...(serviceAccountUid === undefined ? [] : [{ kind: 'service-account', name: serviceAccountUid }]),
  ])
  const rows: unknown[] = await db.all(sql`
    select role, scope_kind as kind, ${nameOfScope(sql`role_bindings.scope_uid`)} as name from role_bindings
    where (subject_kind, subject) in (select value ->> 'kind', value ->> 'name' from json_each(${subjects}))`)
  return rows.flatMap((row) => {
    const { role, kind, name } = Row.parse(row)
    const on = toScope(kind, name)
    return on ? [{ role, on }] : []
  })
}

/** Name of the Site or Cluster of that uid, null when it is gone. */
export const nameOfScope = (uid: SQL): SQL => sql`(
  select documents.name from documents where documents.uid = ${uid} and not exists (
    select 1 from statuses where statuses.uid = documents.uid and statuses.phase = 'gone'))`

/** undefined when the thing is gone. */
export function toScope(kind: 'everything' | 'site' | 'cluster', name: string | null): Scope | undefined {
  if (kind === 'everything') return 'everything'
  if (name === null) return undefined
  return kind === 'site' ? { site: name } : { cluster: name }
}
