import type { Context } from 'hono'
import type { Actor } from '#db/audit.ts'
import { actorName } from './access/caller.ts'
import type { ApiEnv } from './env.ts'
import { addressOf } from './limits.ts'

/** Whom the audit names for what this request does, and where it came from. */
export const actorOf = (c: Context<ApiEnv>): Actor => ({
  actor: actorName(c.var.caller),
  requestId: c.var.requestId,
  at: c.var.now,
  source: addressOf(c.req.raw),
})
