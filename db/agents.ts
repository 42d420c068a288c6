import { and, asc, eq, gt, isNull, lte, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { auditStatement, type Actor } from './audit.ts'
import { joinTokenId } from './join-tokens.ts'
import type { Db } from './open.ts'
import { agents, audit, documents, joinTokens } from './schema.ts'

/** Who may speak for a site. A join token admits one agent once; a revoked agent is never admitted again. */
export interface AgentRow {
  readonly id: string
  readonly siteUid: string
  readonly identityKey: string
  readonly ageRecipient: string
  readonly fingerprint: string
  readonly hostname: string
  readonly version: string
  readonly enrolledAt: number
  readonly revokedAt: number | undefined
  /** Undefined while nobody has compared its fingerprint. */
  readonly approvedAt: number | undefined
  /** Undefined for agents of releases before it. */
  readonly ageProof: string | undefined
}

/** More than a site ever has; the list is not paged. */
export const MAX_AGENTS_LISTED = 100

/** `hash` is the lower-case hex SHA-256 of the token. Expired tokens of the site make room for it. */
export async function createJoinToken(
  db: Db,
  token: {
    readonly hash: string
    readonly siteUid: string
    readonly siteName: string
    readonly createdAt: number
    readonly expiresAt: number
    readonly name?: string
    readonly approve?: boolean
  },
  actor: Actor,
): Promise<void> {
  const { hash, siteUid, siteName, createdAt, expiresAt, name = '', approve = false } = token
  await db.batch([
    db.delete(joinTokens).where(and(eq(joinTokens.siteUid, siteUid), lte(joinTokens.expiresAt, createdAt))),
    db.insert(joinTokens).values({ hash, siteUid, createdAt, expiresAt, name, approve }),
    auditStatement(db, actor, [
      {
        action: 'join-token.created',
        kind: 'Site',
        name: siteName,
        uid: siteUid,
        facts: { id: joinTokenId(hash), token: name, expiresAt, approve },
      },
    ]),
  ])
}

/**
 * Uses a join token up and writes the agent, in one batch. undefined when the token is unknown, used, expired, or its
 * site is gone; of two racing calls exactly one gets a row, because the token remembers whom it admitted.
 */
export async function enrolAgent(
  db: Db,
  enrolment: {
    readonly tokenHash: string
    readonly agent: Omit<AgentRow, 'siteUid' | 'enrolledAt' | 'revokedAt' | 'approvedAt' | 'ageProof'> & {
      readonly ageProof?: string | undefined
    }
    readonly at: number
    readonly requestId: string
  },
): Promise<(AgentRow & { readonly siteName: string }) | undefined> {
  const { tokenHash, agent, at, requestId } = enrolment
  const admitted = sql`from join_tokens join documents on documents.uid = join_tokens.site_uid
    where join_tokens.hash = ${tokenHash} and join_tokens.used_by = ${agent.id}`
  const [, , , rows] = await db.batch([
    db
      .update(joinTokens)
      .set({ usedAt: at, usedBy: agent.id })
      .where(
        and(
          eq(joinTokens.hash, tokenHash),
          isNull(joinTokens.usedAt),
          gt(joinTokens.expiresAt, at),
          sql`exists (select 1 from documents where documents.uid = join_tokens.site_uid and documents.kind = 'Site')`,
        ),
      ),
    db.insert(agents).select(sql`
      select ${agent.id}, join_tokens.site_uid, ${agent.identityKey}, ${agent.ageRecipient}, ${agent.fingerprint},
             ${agent.hostname}, ${agent.version}, ${at}, null, iif(join_tokens.approve, ${at}, null),
             ${agent.ageProof ?? null} ${admitted}`),
    db.insert(audit).select(sql`
      select null, ${at}, ${`agent:${agent.id}`}, 'agent.enrolled', 'Site', documents.name, documents.uid, null,
             ${requestId}, json_object('agentId', ${agent.id}, 'fingerprint', ${agent.fingerprint}) ${admitted}`),
    db
      .select({
        siteUid: documents.uid,
        siteName: documents.name,
        approvedAt: sql<number | null>`(select approved_at from agents where id = ${agent.id})`.as('approved_at'),
      })
      .from(documents)
      .where(sql`documents.uid = (select site_uid from agents where id = ${agent.id})`),
  ])
  const site = rows[0]
  return (
    site && {
      ...agent,
      ...site,
      ageProof: agent.ageProof,
      enrolledAt: at,
      revokedAt: undefined,
      approvedAt: site.approvedAt ?? undefined,
    }
  )
}

/** Revoked agents are found too; the door must look at `revokedAt`. */
export async function findAgent(db: Db, agentId: string): Promise<AgentRow | undefined> {
  const [row] = await db.select().from(agents).where(eq(agents.id, agentId))
  return row && toAgent(row)
}

/** Oldest first, revoked ones included. */
export async function listAgents(db: Db, siteUid: string): Promise<readonly AgentRow[]> {
  const rows = await db
    .select()
    .from(agents)
    .where(eq(agents.siteUid, siteUid))
    .orderBy(asc(agents.enrolledAt))
    .limit(MAX_AGENTS_LISTED)
  return rows.map(toAgent)
}

/** What may be done to an agent that is there; each of it is audited under this name. */
export type AgentDecision = 'agent.approved' | 'agent.rejected' | 'agent.revoked'

/** Safe to repeat: the first time of each decision stays. The caller has looked the agent up. */
export async function decideAgent(
  db: Db,
  agent: AgentRow,
  decision: AgentDecision,
  siteName: string,
  actor: Actor,
): Promise<void> {
  const first = (column: SQLiteColumn) => sql`coalesce(${column}, ${actor.at})`
  await db.batch([
    db
      .update(agents)
      .set(
        decision === 'agent.approved'
          ? { approvedAt: first(agents.approvedAt) }
          : { revokedAt: first(agents.revokedAt) },
      )
      .where(eq(agents.id, agent.id)),
    auditStatement(db, actor, [
      {
        action: decision,
        kind: 'Site',
        name: siteName,
        uid: agent.siteUid,
        facts: { agentId: agent.id, fingerprint: agent.fingerprint },
      },
    ]),
  ])
}

/**
 * A new identity key for an agent that still has the one it was found with; false when it does not. The caller has
 * verified the signatures of both.
 */
export async function rotateAgentKey(
  db: Db,
  agent: AgentRow,
  change: {
    readonly identityKey: string
    readonly fingerprint: string
    readonly ageProof: string
    readonly at: number
    readonly requestId: string
  },
): Promise<boolean> {
  const { identityKey, fingerprint, ageProof, at, requestId } = change
  // The audit row first: it is written only while the row still has the old key.
  const [, changed] = await db.batch([
    db.insert(audit).select(sql`
      select null, ${at}, ${`agent:${agent.id}`}, 'agent.key-rotated', 'Site', documents.name, documents.uid, null,
             ${requestId}, json_object('agentId', agents.id, 'from', agents.fingerprint, 'to', ${fingerprint})
      from agents join documents on documents.uid = agents.site_uid
      where agents.id = ${agent.id} and agents.identity_key = ${agent.identityKey} and agents.revoked_at is null`),
    db
      .update(agents)
      .set({ identityKey, fingerprint, ageProof })
      .where(and(eq(agents.id, agent.id), eq(agents.identityKey, agent.identityKey), isNull(agents.revokedAt)))
      .returning({ id: agents.id }),
  ])
  return changed.length > 0
}

export const revokeAgent = (db: Db, agent: AgentRow, siteName: string, actor: Actor): Promise<void> =>
  decideAgent(db, agent, 'agent.revoked', siteName, actor)

const toAgent = (row: typeof agents.$inferSelect): AgentRow => ({
  ...row,
  revokedAt: row.revokedAt ?? undefined,
  approvedAt: row.approvedAt ?? undefined,
  ageProof: row.ageProof ?? undefined,
})
