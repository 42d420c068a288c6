import { asc, eq, gt, sql } from 'drizzle-orm'
import { auditStatement, type Actor } from './audit.ts'
import type { Db } from './open.ts'
import { credentials, roleBindings, serviceAccounts } from './schema.ts'

/** Programs that have a name of their own, rights of their own, and tokens to show for it. */
export interface ServiceAccount {
  readonly uid: string
  readonly name: string
  readonly createdAt: number
}

/** `exists` when the name is in use. */
export async function createServiceAccount(
  db: Db,
  account: ServiceAccount,
  actor: Actor,
): Promise<'created' | 'exists'> {
  if (await findServiceAccount(db, account.name)) return 'exists'
  const { name, uid } = account
  await db.batch([
    db.insert(serviceAccounts).values(account),
    auditStatement(db, actor, [{ action: 'service-account.created', kind: 'ServiceAccount', name, uid }]),
  ])
  return 'created'
}

export async function findServiceAccount(db: Db, name: string): Promise<ServiceAccount | undefined> {
  const [row] = await db.select().from(serviceAccounts).where(eq(serviceAccounts.name, name))
  return row
}

export async function findServiceAccountByUid(db: Db, uid: string): Promise<ServiceAccount | undefined> {
  const [row] = await db.select().from(serviceAccounts).where(eq(serviceAccounts.uid, uid))
  return row
}

/** By name. `after` is the last name of the page before. */
export async function listServiceAccounts(
  db: Db,
  page: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly ServiceAccount[]> {
  return await db
    .select()
    .from(serviceAccounts)
    .where(page.after === undefined ? undefined : gt(serviceAccounts.name, page.after))
    .orderBy(asc(serviceAccounts.name))
    .limit(page.limit)
}

/** With its tokens and its bindings; a new one of that name starts with nothing. */
export async function removeServiceAccount(db: Db, { uid, name }: ServiceAccount, actor: Actor): Promise<void> {
  await db.batch([
    db.delete(serviceAccounts).where(eq(serviceAccounts.uid, uid)),
    db.delete(credentials).where(eq(credentials.principalUid, uid)),
    db
      .delete(roleBindings)
      .where(sql`${roleBindings.subjectKind} = 'service-account' and ${roleBindings.subject} = ${uid}`),
    auditStatement(db, actor, [{ action: 'service-account.removed', kind: 'ServiceAccount', name, uid }]),
  ])
}
