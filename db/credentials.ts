import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Grant } from '#core/access/grant.ts'
import { Role } from '#core/access/role.ts'
import { auditStatement, type Actor, type AuditEntry } from './audit.ts'
import type { Db } from './open.ts'
import { nameOfScope, toScope } from './rights.ts'
import { credentials } from './schema.ts'

/** Sessions and API tokens. What is stored opens nothing: only the hash of a credential is here. */
export interface CredentialRow {
  readonly id: string
  readonly kind: 'token' | 'session'
  readonly name: string
  readonly principalKind: 'user' | 'service-account'
  readonly principalUid: string
  /** `gone`: it was bound to something that is no more, so it is good for nothing. */
  readonly limit: Grant | 'gone' | undefined
  readonly createdAt: number
  readonly expiresAt: number
  readonly lastUsedAt: number | undefined
  readonly revokedAt: number | undefined
}

/** Somebody's list is short; what is over would be an accident or an attack. */
export const MAX_TOKENS_PER_PRINCIPAL = 100

/** A busy token costs one row in this time, not one a request. */
export const LAST_USE_EVERY_MS = 15 * 60_000

const Row = z.object({
  id: z.string(),
  kind: z.enum(['token', 'session']),
  name: z.string(),
  principal_kind: z.enum(['user', 'service-account']),
  principal_uid: z.string(),
  role: Role.nullable(),
  scope_kind: z.enum(['everything', 'site', 'cluster']).nullable(),
  scope_name: z.string().nullable(),
  created_at: z.number(),
  expires_at: z.number(),
  last_used_at: z.number().nullable(),
  revoked_at: z.number().nullable(),
})

const columns = sql`credentials.id, credentials.kind, credentials.name, principal_kind, principal_uid, role, scope_kind,
  ${nameOfScope(sql`credentials.scope_uid`)} as scope_name, created_at, expires_at, last_used_at, revoked_at`

/** Expired and revoked ones are found too; the door must look. */
export async function findCredential(db: Db, hash: string): Promise<CredentialRow | undefined> {
  const [row] = await db.all(sql`select ${columns} from credentials where hash = ${hash}`)
  return row === undefined ? undefined : toCredential(row)
}

export async function findCredentialById(db: Db, id: string): Promise<CredentialRow | undefined> {
  const [row] = await db.all(sql`select ${columns} from credentials where id = ${id}`)
  return row === undefined ? undefined : toCredential(row)
}

/** API tokens of one principal, oldest first; revoked ones are listed until housekeeping takes them. */
export async function listTokens(db: Db, principalUid: string): Promise<readonly CredentialRow[]> {
  const rows = await db.all(sql`
    select ${columns} from credentials where principal_uid = ${principalUid} and kind = 'token'
    order by created_at limit ${MAX_TOKENS_PER_PRINCIPAL}`)
  return rows.map(toCredential)
}

export interface NewCredential {
  readonly hash: string
  readonly id: string
  readonly kind: 'token' | 'session'
  readonly name: string
  readonly principalKind: 'user' | 'service-account'
  readonly principalUid: string
  readonly limit?: { readonly role: Role; readonly scopeKind: string; readonly scopeUid: string } | undefined
  readonly expiresAt: number
}

/** The statement that keeps a credential, to stand in a batch with its audit row. */
export const credentialStatement = (db: Db, { limit, ...credential }: NewCredential, at: number) =>
  db.insert(credentials).values({
    ...credential,
    role: limit?.role ?? null,
    scopeKind: limit?.scopeKind ?? null,
    scopeUid: limit?.scopeUid ?? null,
    createdAt: at,
  })

/** False when the principal has as many as it may have. */
export async function createToken(db: Db, token: NewCredential, actor: Actor, entry: AuditEntry): Promise<boolean> {
  const kept = await listTokens(db, token.principalUid)
  if (kept.length >= MAX_TOKENS_PER_PRINCIPAL) return false
  await db.batch([credentialStatement(db, token, actor.at), auditStatement(db, actor, [entry])])
  return true
}

/** Safe to repeat: the first time of revocation stays. */
export async function revokeCredential(db: Db, id: string, actor: Actor, entry: AuditEntry): Promise<void> {
  await db.batch([
    db
      .update(credentials)
      .set({ revokedAt: sql`coalesce(${credentials.revokedAt}, ${actor.at})` })
      .where(sql`${credentials.id} = ${id}`),
    auditStatement(db, actor, [entry]),
  ])
}

/** Writes at most once in LAST_USE_EVERY_MS, whoever calls. */
export async function rememberUse(db: Db, id: string, at: number): Promise<void> {
  await db.run(sql`
    update credentials set last_used_at = ${at}
    where id = ${id} and coalesce(last_used_at, 0) <= ${at - LAST_USE_EVERY_MS}`)
}

function toCredential(row: unknown): CredentialRow {
  const found = Row.parse(row)
  const on = found.scope_kind === null ? undefined : toScope(found.scope_kind, found.scope_name)
  return {
    id: found.id,
    kind: found.kind,
    name: found.name,
    principalKind: found.principal_kind,
    principalUid: found.principal_uid,
    limit: found.role === null || found.scope_kind === null ? undefined : on ? { role: found.role, on } : 'gone',
    createdAt: found.created_at,
    expiresAt: found.expires_at,
    lastUsedAt: found.last_used_at ?? undefined,
    revokedAt: found.revoked_at ?? undefined,
  }
}
