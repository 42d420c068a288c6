import type { Result } from '#core/base/result.ts'
import { writeDocuments } from '#db/documents.ts'
import type { Actor } from '#db/audit.ts'
import type { Db } from '#db/open.ts'
import { usersOf } from '../check/world.ts'
import type { ApiBindings } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { clusterObject, hasObject, siteObject } from '../objects.ts'
import { writesOf, type Proposal } from './propose.ts'

/**
 * The order of a write: an alarm in every object it concerns, then the batch, then the wake that makes it quick. A lost
 * wake then costs a delay and nothing else. A write that changes nothing wakes nobody.
 */
export const WAKE_BEFORE_MS = 30_000

/** Subrequests of one request on the free plan are 50; some are left for D1 and for the second wake. */
export const MAX_WOKEN = 20

export interface Awakened {
  readonly clusterUids: readonly string[]
  /** Sites whose own documents changed; they wake their clusters. */
  readonly siteUids: readonly string[]
}

export function awakenedBy({ changes, world }: Proposal): Awakened {
  const written = changes.filter((change) => change.action !== 'unchanged')
  const users = written.flatMap(({ before }) => (before ? usersOf(world, before) : []))
  const siteNames = new Set<string>()
  for (const { after } of written) {
    if (after.kind === 'Site') siteNames.add(after.metadata.name)
    if (after.kind === 'Network' || after.kind === 'Machine') siteNames.add(after.spec.site)
  }
  for (const { stored } of users) if (stored.kind === 'Cluster') siteNames.add(stored.spec.site)
  const clusterUids = [
    ...written.filter(({ after }) => hasObject(after)).map(({ after }) => after.uid),
    ...users.filter(({ stored }) => hasObject(stored)).map(({ stored }) => stored.uid),
  ]
  const sites = [...world.before.map(({ stored }) => stored), ...written.map(({ after }) => after)].filter(
    (stored) => stored.kind === 'Site' && siteNames.has(stored.metadata.name),
  )
  return { clusterUids: [...new Set(clusterUids)], siteUids: [...new Set(sites.map(({ uid }) => uid))] }
}

/** So many objects cannot be woken from one request; a smaller request can. */
export function tooManyAwakened({ clusterUids, siteUids }: Awakened): Refusal | undefined {
  const count = clusterUids.length + siteUids.length
  return count <= MAX_WOKEN ? undefined : refusal('invalid-request', { affectedObjects: count, limit: MAX_WOKEN })
}

export const armAlarms = (env: ApiBindings, awakened: Awakened): Promise<void> => wake(env, awakened, WAKE_BEFORE_MS)
export const wakeNow = (env: ApiBindings, awakened: Awakened): Promise<void> => wake(env, awakened, 0)

async function wake(env: ApiBindings, { clusterUids, siteUids }: Awakened, inMs: number): Promise<void> {
  await Promise.all([
    ...clusterUids.map((uid) => clusterObject(env, uid).wake(uid, inMs)),
    ...siteUids.map((uid) => siteObject(env, uid).wake(uid, inMs)),
  ])
}

/** `lost` means that nothing was written and the whole request may be decided anew. */
export async function commit(db: Db, proposal: Proposal, actor: Actor): Promise<Result<undefined, 'lost'>> {
  const { replacedUids, guard } = proposal
  return await writeDocuments(db, { writes: writesOf(proposal), replacedUids, guard }, actor)
}
