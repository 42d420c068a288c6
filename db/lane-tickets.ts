import { and, eq, gt, lte } from 'drizzle-orm'
import { Role } from '#core/access/role.ts'
import { auditStatement, type Actor } from './audit.ts'
import type { Db } from './open.ts'
import { laneTickets } from './schema.ts'

/** Who may come into the data lane of a site: one row between the API that judges and the relay that lets in. */
export interface LaneTicketRow {
  readonly siteUid: string
  readonly clusterUid: string
  readonly subject: string
  readonly role: Role
}

/** `hash` is the lower-case hex SHA-256 of the ticket. Expired tickets make room for it; the session is audited. */
export async function createLaneTicket(
  db: Db,
  ticket: LaneTicketRow & {
    readonly hash: string
    readonly clusterName: string
    readonly purpose: string
    readonly expiresAt: number
  },
  actor: Actor,
): Promise<void> {
  const { hash, siteUid, clusterUid, clusterName, purpose, subject, role, expiresAt } = ticket
  await db.batch([
    db.delete(laneTickets).where(lte(laneTickets.expiresAt, actor.at)),
    db.insert(laneTickets).values({ hash, siteUid, clusterUid, subject, role, createdAt: actor.at, expiresAt }),
    auditStatement(db, actor, [
      { action: 'lane.opened', kind: 'Cluster', name: clusterName, uid: clusterUid, facts: { purpose, role } },
    ]),
  ])
}

/** Uses a ticket up. undefined when it is unknown, used or expired; of two racing calls exactly one gets it. */
export async function takeLaneTicket(db: Db, hash: string, now: number): Promise<LaneTicketRow | undefined> {
  const [row] = await db
    .delete(laneTickets)
    .where(and(eq(laneTickets.hash, hash), gt(laneTickets.expiresAt, now)))
    .returning()
  return (
    row && {
      siteUid: row.siteUid,
      clusterUid: row.clusterUid,
      subject: row.subject,
      role: Role.parse(row.role),
    }
  )
}
