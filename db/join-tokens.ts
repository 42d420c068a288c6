import { and, asc, eq, sql } from 'drizzle-orm'
import { auditStatement, type Actor } from './audit.ts'
import type { Db } from './open.ts'
import { joinTokens } from './schema.ts'

/** What people see of join tokens, and taking one back. A token itself is never stored. */
export interface JoinTokenRow {
  readonly id: string
  readonly name: string
  readonly approve: boolean
  readonly createdAt: number
  readonly expiresAt: number
  readonly usedBy: string | undefined
}

const ID_CHARS = 12
/** The beginning of its hash names a token; nothing of the token is in it. */
export const joinTokenId = (hash: string): string => hash.slice(0, ID_CHARS)

/** An hour of them; the list is not paged. */
export const MAX_JOIN_TOKENS_LISTED = 100

/** Oldest first; expired ones are not listed. */
export async function listJoinTokens(db: Db, siteUid: string, now: number): Promise<readonly JoinTokenRow[]> {
  const rows = await db
    .select()
    .from(joinTokens)
    .where(and(eq(joinTokens.siteUid, siteUid), sql`${joinTokens.expiresAt} > ${now}`))
    .orderBy(asc(joinTokens.createdAt))
    .limit(MAX_JOIN_TOKENS_LISTED)
  return rows.map(({ hash, name, approve, createdAt, expiresAt, usedBy }) => ({
    id: joinTokenId(hash),
    name,
    approve,
    createdAt,
    expiresAt,
    usedBy: usedBy ?? undefined,
  }))
}

/** Deletes the token: whoever shows it from now on has an unknown one. The caller has found it in the list. */
export async function revokeJoinToken(
  db: Db,
  site: { readonly uid: string; readonly name: string },
  token: JoinTokenRow,
  actor: Actor,
): Promise<void> {
  await db.batch([
    db
      .delete(joinTokens)
      .where(and(eq(joinTokens.siteUid, site.uid), sql`substr(${joinTokens.hash}, 1, ${ID_CHARS}) = ${token.id}`)),
    auditStatement(db, actor, [
      {
        action: 'join-token.revoked',
        kind: 'Site',
        name: site.name,
        uid: site.uid,
        facts: { id: token.id, token: token.name },
      },
    ]),
  ])
}
