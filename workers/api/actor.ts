import type { Context } from 'hono'
import type { Actor } from '#db/audit.ts'
import { ACTOR } from './auth.ts'
import type { ApiEnv } from './env.ts'

/** Whom the audit names for what this request does. */
export const actorOf = (c: Context<ApiEnv>): Actor => ({
  actor: ACTOR,
  requestId: c.var.requestId,
  at: c.var.now,
})
