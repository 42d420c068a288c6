import { recordAudit } from '#db/audit.ts'
import { gatherSite } from '#db/gather.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '../env.ts'
import { logError } from '../log.ts'

/** People hear once that the key of an agent is in two places; the finding of the site stays until it is dealt with (S13). */
export async function auditClone(env: RelayEnv, siteUid: string | undefined, agentId: string): Promise<void> {
  try {
    const db = openDb(env.DB)
    const documents = siteUid === undefined ? undefined : await gatherSite(db, siteUid)
    if (!documents) return
    const { uid, metadata } = documents.site
    const actor = { actor: `agent:${agentId}`, requestId: `site-${uid}`, at: Date.now() }
    await recordAudit(db, actor, [
      { action: 'agent.cloned', kind: 'Site', name: metadata.name, uid, facts: { agentId } },
    ])
  } catch (error) {
    logError('site.audit-failed', { agentId }, error)
  }
}
