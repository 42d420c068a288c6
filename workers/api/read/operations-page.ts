import { err, ok, type Result } from '#core/base/result.ts'
import { visibleTo } from '#core/access/grant.ts'
import type { Stored } from '#core/model/document.ts'
import { Name } from '#core/model/ids.ts'
import type { Operation } from '#core/model/operation.ts'
import { findDocument, listDocuments } from '#db/documents.ts'
import type { Db } from '#db/open.ts'
import type { OperationAnswer } from '#durable-objects/ports.ts'
import { may, type Caller } from '../access/caller.ts'
import type { ApiBindings } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { clusterObject, hasObject } from '../objects.ts'

/**
 * The operations of one cluster, or of all: cluster by cluster in the order of their names, the newest first in each.
 * Each cluster keeps its own, so the place in the list is a cluster and a number; nothing of it moves when clusters work.
 */

/** Objects asked for one page: subrequests of a request on the free plan are 50, and a page is rarely worth more. */
export const MAX_CLUSTERS_ASKED = 20

/** Where the page before ended: `cluster` was told down to the operation `before`, or not at all. */
export interface Place {
  readonly cluster: string
  readonly before: number | undefined
}

export const fromPlace = ({ cluster, before }: Place): string => `${cluster}/${before ?? ''}`

export function toPlace(text: string | undefined): Result<Place | undefined, Refusal> {
  if (text === undefined) return ok(undefined)
  const [, cluster, before] = /^([^/]*)\/(\d{0,15})$/.exec(text) ?? []
  if (!Name.safeParse(cluster).success || cluster === undefined)
    return err(refusal('invalid-request', { query: 'cursor' }))
  return ok({ cluster, before: before === undefined || before === '' ? undefined : Number(before) })
}

export interface OperationsPage {
  readonly items: readonly (OperationAnswer & { readonly cluster: string })[]
  readonly next: Place | undefined
}

interface Asked {
  readonly caller: Caller
  readonly limit: number
  readonly place: Place | undefined
}

/** Of a cluster, or of a machine that is none's. */
export async function operationsOfOne(
  db: Db,
  env: ApiBindings,
  kind: 'Cluster' | 'Machine',
  name: string,
  asked: Asked,
): Promise<Result<OperationsPage, Refusal>> {
  const stored = await findDocument(db, kind, name)
  if (!stored || !hasObject(stored) || !mayRead(asked.caller, stored)) return err(refusal('not-found', { kind, name }))
  if (asked.place && asked.place.cluster !== name) return err(refusal('invalid-request', { query: 'cursor' }))
  return ok(await readPage(env, [stored], undefined, asked))
}

export async function operationsOfAll(db: Db, env: ApiBindings, asked: Asked): Promise<OperationsPage> {
  const { place } = asked
  const visible = visibleTo(asked.caller)
  // The cluster in which the page before ended is asked again; it may be gone by now.
  const found = place && (await findDocument(db, 'Cluster', place.cluster))
  const ended = found?.kind === 'Cluster' && mayRead(asked.caller, found) ? found : undefined
  const rest = await listDocuments(db, 'Cluster', { limit: MAX_CLUSTERS_ASKED + 1, after: place?.cluster, visible })
  const clusters = [...(ended ? [ended] : []), ...rest]
  return await readPage(env, clusters.slice(0, MAX_CLUSTERS_ASKED), clusters[MAX_CLUSTERS_ASKED]?.metadata.name, asked)
}

/** A cursor is only text: whoever made it up still sees what they may see. */
const mayRead = (caller: Caller, { kind, spec, metadata }: Stored): boolean =>
  may(caller, 'reader', {
    ...('site' in spec ? { site: spec.site } : {}),
    ...(kind === 'Cluster' ? { cluster: metadata.name } : {}),
  })

type Cluster = { readonly uid: string; readonly metadata: { readonly name: string } }

async function readPage(
  env: ApiBindings,
  clusters: readonly Cluster[],
  unasked: string | undefined,
  { limit, place }: Asked,
): Promise<OperationsPage> {
  const found = await Promise.all(
    clusters.map(async ({ uid, metadata: { name } }) => {
      const before = place?.cluster === name ? place.before : undefined
      // One more than fits tells whether there is a next page.
      const operations = await clusterObject(env, uid).operations({ limit: limit + 1, before })
      return operations.map((operation) => ({ ...operation, cluster: name }))
    }),
  )
  const all = found.flat()
  const items = all.slice(0, limit)
  const last = items.at(-1)
  if (all.length > limit && last) return { items, next: { cluster: last.cluster, before: numberOf(last) } }
  return { items, next: unasked === undefined ? undefined : { cluster: unasked, before: undefined } }
}

const numberOf = (operation: Operation): number => Number(operation.operationId.split('-')[1])
