import type { AccessIssued } from '#core/protocol/lane.ts'
import { recordAudit } from '#db/audit.ts'
import { findDocumentByUid } from '#db/documents.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '../env.ts'
import { logError } from '../log.ts'

/**
 * A certificate that the agent has issued, for the people's audit. What fails is only logged: the journal of the agent,
 * which nobody in the cloud can change, is the truth of it.
 */
export async function auditIssued(env: RelayEnv, agentId: string, issued: AccessIssued, at: number): Promise<void> {
  const { clusterUid, what, subject, rights, expiresAt } = issued
  try {
    const db = openDb(env.DB)
    const cluster = await findDocumentByUid(db, clusterUid)
    if (cluster?.kind !== 'Cluster') return
    const { name } = cluster.metadata
    await recordAudit(db, { actor: `agent:${agentId}`, requestId: crypto.randomUUID(), at }, [
      {
        action: 'credential.issued',
        kind: 'Cluster',
        name,
        uid: clusterUid,
        facts: { what, subject, rights, expiresAt },
      },
    ])
  } catch (error) {
    logError('site.audit-failed', { clusterUid, what }, error)
  }
}
