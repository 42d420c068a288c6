import type { Context } from 'hono'
import { recordAuditSometimes } from '#db/coalesced-audit.ts'
import { actorOf } from '../actor.ts'
import type { ApiEnv } from '../env.ts'
import type { Refusal } from '../http.ts'

/** Somebody who tries on and on is written down once a minute. Strangers never get here and never cause a row. */
const DENIED_EVERY_MS = 60_000
const MAX_PATH_CHARS = 200

/** After the answer, and never in its way. */
export function recordDenial(c: Context<ApiEnv>, { problem }: Refusal): void {
  const actor = actorOf(c)
  const facts = {
    ...problem.facts,
    outcome: problem.code,
    method: c.req.method,
    path: c.req.path.slice(0, MAX_PATH_CHARS),
  }
  const entry = { action: 'access.denied', kind: 'Access', name: actor.actor, uid: '', facts }
  const once = { key: `denied:${actor.actor}`, everyMs: DENIED_EVERY_MS }
  c.executionCtx.waitUntil(recordAuditSometimes(c.var.db, actor, entry, once))
}
