import type { Context } from 'hono'
import { isIntoPods } from '#core/lane/direct-headers.ts'
import { recordAuditSometimes } from '#db/coalesced-audit.ts'
import { actorOf } from '../actor.ts'
import type { ApiEnv } from '../env.ts'

/**
 * What somebody does in a cluster by direct access, for the audit: whoever changes something or goes into a pod. Reading is
 * not written down. The query is left out, because the command of an exec is in it and may hold a secret.
 */
const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
/** A script changes a thousand things; the cluster's own audit has each of them. */
const EVERY_MS = 60_000
const MAX_PATH_CHARS = 200

export interface DirectUse {
  readonly method: string
  /** At the Kubernetes API, without its query. */
  readonly path: string
  readonly status: number
}

/** After the answer's head, and never in its way. */
export function recordUse(
  c: Context<ApiEnv>,
  cluster: { readonly name: string; readonly uid: string },
  { method, path, status }: DirectUse,
): void {
  const intoPod = isIntoPods(path)
  if (!intoPod && READING.includes(method)) return
  const actor = actorOf(c)
  const action = intoPod ? 'direct.entered' : 'direct.changed'
  const facts = { method, path: path.slice(0, MAX_PATH_CHARS), status }
  const once = { key: `${action}:${actor.actor}:${cluster.uid}`, everyMs: EVERY_MS }
  c.executionCtx.waitUntil(recordAuditSometimes(c.var.db, actor, { action, kind: 'Cluster', ...cluster, facts }, once))
}
