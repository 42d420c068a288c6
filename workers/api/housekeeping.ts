import { sweep } from '#db/housekeeping.ts'
import { openDb } from '#db/open.ts'
import type { ApiBindings } from './env.ts'
import { logDone } from './log.ts'

/** The daily cron of wrangler.toml. Nothing depends on its running; a day without it only keeps rows for longer. */
const DAY_MS = 24 * 3_600_000
const AUDIT_DAYS = 365
/** Less would take away what somebody still asks about the week after. */
const MIN_AUDIT_DAYS = 30
const GONE_CLUSTER_DAYS = 90
const CREDENTIAL_DAYS = 30

export async function keepHouse(env: ApiBindings, now: number): Promise<void> {
  const asked = Number(env.AUDIT_DAYS ?? AUDIT_DAYS)
  const auditDays = Number.isFinite(asked) ? Math.max(MIN_AUDIT_DAYS, asked) : AUDIT_DAYS
  const swept = await sweep(openDb(env.DB), now, {
    auditMs: auditDays * DAY_MS,
    goneClusterMs: GONE_CLUSTER_DAYS * DAY_MS,
    credentialMs: CREDENTIAL_DAYS * DAY_MS,
  })
  logDone('house.kept', { ...swept })
}
