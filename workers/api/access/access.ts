import type { MiddlewareHandler } from 'hono'
import type { Context } from 'hono'
import { mayAnything, roleAt, type Place } from '#core/access/grant.ts'
import { includes, type Role } from '#core/access/role.ts'
import type { Kind } from '#core/model/document.ts'
import { clusterUidOf, OperationId, Uid } from '#core/model/ids.ts'
import { findPlace } from '#db/documents.ts'
import type { ApiEnv } from '../env.ts'
import { problemResponse, refusal, type Refusal } from '../http.ts'
import { recordDenial } from './denied.ts'

/**
 * What a route needs, as data: it stands in the route's own declaration (../route.ts), it is in /openapi.json as
 * `x-access`, and this is the one place that enforces it.
 *
 *   anyone   no credential; such a route reads no row for a stranger
 *   known    any good credential
 *   role on  everything · a kind: the object that `name` in the path names · operation: whose `id` in the path it is ·
 *            visible: whatever the caller may see, the handler shows no more · body: each document sent, judged where it
 *            is written
 */
export type Access =
  | { readonly to: 'anyone' }
  | { readonly to: 'known' }
  | { readonly to: Role; readonly on: 'everything' | 'visible' | 'body' | 'operation' | Kind }

export function requires(access: Access): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const refused = access.to === 'anyone' ? undefined : await judge(c, access)
    if (!refused) return await next()
    recordDenial(c, refused)
    return problemResponse(c, refused)
  }
}

async function judge(c: Context<ApiEnv>, access: Exclude<Access, { to: 'anyone' }>): Promise<Refusal | undefined> {
  if (access.to === 'known') return undefined
  const { caller } = c.var
  const { to: role, on } = access
  if (includes(roleAt(caller, {}), role)) return undefined
  if (on === 'everything') return refusal('forbidden', { needs: role, on })
  if (on === 'visible' || on === 'body') return mayAnything(caller) ? undefined : refusal('forbidden', { needs: role })
  return on === 'operation' ? await judgeOperation(c, role) : await judgeNamed(c, on, role)
}

async function judgeNamed(c: Context<ApiEnv>, kind: Kind, role: Role): Promise<Refusal | undefined> {
  const name = c.req.param('name') ?? ''
  // Classes hold nothing of anybody.
  if (kind === 'MachineClass' && role === 'reader' && mayAnything(c.var.caller)) return undefined
  const missing = refusal('not-found', { kind, name })
  const found = await findPlace(c.var.db, kind, { name })
  return found ? judgePlace(c, toPlace(kind, found), role, missing) : missing
}

async function judgeOperation(c: Context<ApiEnv>, role: Role): Promise<Refusal | undefined> {
  const id = OperationId.safeParse(c.req.param('id'))
  // What is not an id at all is refused by the schema of the route, for everybody alike.
  if (!id.success) return undefined
  const missing = refusal('not-found', { operation: id.data })
  const uid = Uid.parse(clusterUidOf(id.data))
  // A managed machine has operations, too.
  for (const kind of ['Cluster', 'Machine'] as const) {
    const found = await findPlace(c.var.db, kind, { uid })
    if (found) return judgePlace(c, toPlace(kind, found), role, missing)
  }
  return missing
}

/** What one may not see does not exist; what one sees but may not change says so. */
function judgePlace(c: Context<ApiEnv>, place: Place, role: Role, missing: Refusal): Refusal | undefined {
  const held = roleAt(c.var.caller, place)
  if (held === undefined) return missing
  return includes(held, role) ? undefined : refusal('forbidden', { needs: role, has: held })
}

export function toPlace(
  kind: Kind,
  { name, site }: { readonly name: string; readonly site: string | undefined },
): Place {
  if (kind === 'MachineClass') return {}
  if (kind === 'Site') return { site: name }
  return kind === 'Cluster' ? { site, cluster: name } : { site }
}
