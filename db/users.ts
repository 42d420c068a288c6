import { asc, eq, gt, sql } from 'drizzle-orm'
import { z } from 'zod'
import { auditStatement, type Actor, type AuditEntry } from './audit.ts'
import { credentialStatement, type NewCredential } from './credentials.ts'
import type { Db } from './open.ts'
import { credentials, users } from './schema.ts'

/** People who have a role here, as their provider described them at their last login. */
export interface User {
  readonly uid: string
  readonly issuer: string
  readonly subject: string
  readonly email: string | undefined
  readonly groups: readonly string[]
  readonly createdAt: number
  readonly lastLoginAt: number
  readonly disabledAt: number | undefined
}

const Groups = z.array(z.string())

/** What a provider says of a person, with the uid a new row would get. */
export type Described = Pick<User, 'uid' | 'issuer' | 'subject' | 'email' | 'groups'>

/** All names a binding may use for a person. */
export const namesOfUser = (user: Pick<User, 'issuer' | 'subject' | 'email'>): readonly string[] => [
  `${user.issuer}#${user.subject}`,
  ...(user.email === undefined ? [] : [user.email]),
]

/** How a person is called in the audit and on screens. */
export const nameOfUser = (user: Pick<User, 'issuer' | 'subject' | 'email'>): string =>
  user.email ?? `${user.issuer}#${user.subject}`

export async function findUser(db: Db, uid: string): Promise<User | undefined> {
  const [row] = await db.select().from(users).where(eq(users.uid, uid))
  return row && toUser(row)
}

export async function findUserBySubject(db: Db, issuer: string, subject: string): Promise<User | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(sql`${users.issuer} = ${issuer} and ${users.subject} = ${subject}`)
  return row && toUser(row)
}

/** In the order in which they first came. `after` is the uid of the last one of the page before. */
export async function listUsers(
  db: Db,
  page: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly User[]> {
  const rows = await db
    .select()
    .from(users)
    .where(page.after === undefined ? undefined : gt(users.uid, page.after))
    .orderBy(asc(users.uid))
    .limit(page.limit)
  return rows.map(toUser)
}

/** The statement that brings a user's row up to what the provider says now. `uid` counts only for a new one. */
export const userStatement = (db: Db, { uid, issuer, subject, email, groups }: Described, at: number) => {
  const known = { email: email ?? null, groups: [...groups], lastLoginAt: at }
  return db
    .insert(users)
    .values({ uid, issuer, subject, createdAt: at, ...known })
    .onConflictDoUpdate({ target: [users.issuer, users.subject], set: known })
}

/** For somebody whose login happens elsewhere. */
export async function rememberUser(db: Db, user: Described, at: number): Promise<void> {
  await userStatement(db, user, at)
}

/** A login: the row of the person, the session, the audit; sessions of the person that have ended make room. */
export async function beginSession(db: Db, user: Described, session: NewCredential, actor: Actor): Promise<void> {
  const entry: AuditEntry = { action: 'session.begun', kind: 'User', name: nameOfUser(user), uid: user.uid }
  await db.batch([
    userStatement(db, user, actor.at),
    db
      .delete(credentials)
      .where(
        sql`${credentials.principalUid} = ${user.uid} and ${credentials.kind} = 'session' and ${credentials.expiresAt} <= ${actor.at}`,
      ),
    credentialStatement(db, session, actor.at),
    auditStatement(db, actor, [entry]),
  ])
}

/** A disabled person keeps the row and nothing else: every session and token of theirs is refused from now on. */
export async function setUserDisabled(db: Db, user: User, disabled: boolean, actor: Actor): Promise<void> {
  const action = disabled ? 'user.disabled' : 'user.enabled'
  await db.batch([
    db
      .update(users)
      .set({ disabledAt: disabled ? sql`coalesce(${users.disabledAt}, ${actor.at})` : null })
      .where(eq(users.uid, user.uid)),
    auditStatement(db, actor, [{ action, kind: 'User', name: nameOfUser(user), uid: user.uid }]),
  ])
}

const toUser = (row: typeof users.$inferSelect): User => ({
  ...row,
  email: row.email ?? undefined,
  groups: z.parse(Groups, row.groups),
  disabledAt: row.disabledAt ?? undefined,
})
