import type { PlacementRequest } from '#core/model/placement.ts'
import { problem } from '#core/model/problem.ts'
import { placementFindings } from '#core/placement/findings.ts'
import { place } from '#core/placement/place.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import type { GatheredSite } from '#db/gather.ts'
import type { ReserveAnswer } from '../ports.ts'
import type { SiteStore } from './site-store.ts'

/**
 * Gives machines their places, or none of them, in one turn over the site's own rows (S8).
 *
 * Idempotent by machine id. Before the first full observation nothing is placed: what is not known to be there could
 * not be kept clear of.
 */
export function allocate(
  store: SiteStore,
  documents: GatheredSite | undefined,
  clusterUid: string,
  requests: readonly PlacementRequest[],
): ReserveAnswer {
  store.clusters.meet(clusterUid)
  const answer = decide(store, documents, clusterUid, requests)
  store.clusters.setRefused(clusterUid, !answer.ok)
  return answer
}

function decide(
  store: SiteStore,
  documents: GatheredSite | undefined,
  clusterUid: string,
  requests: readonly PlacementRequest[],
): ReserveAnswer {
  const refuseAll = (found: ReturnType<typeof problem>): ReserveAnswer => ({
    ok: false,
    refusals: requests.map((request) => ({ machineId: request.machineId, problem: found })),
  })
  if (!documents) return refuseAll(problem('reference-missing', { kind: 'Site' }))
  store.setGeneration(documents.site.generation)
  if (store.seenAt === undefined) return refuseAll(problem('host-unknown', { site: documents.site.metadata.name }))

  const clusters = documents.clusters.map(({ document }) => document)
  const ledger = toLedger({ ...documents, clusters }, { placements: store.placements.all(), seen: store.seen.all() })
  const answer = place(clusterUid, requests, ledger, (bytes) => crypto.getRandomValues(new Uint8Array(bytes)))
  if (!answer.ok) return answer
  store.placements.add(answer.placements)
  const findings = placementFindings(clusterUid, { ...ledger, placements: store.placements.all() })
  return { ok: true, placements: answer.placements, findings }
}
