import { problem } from '#core/model/problem.ts'
import { placementFindings } from '#core/placement/findings.ts'
import { resizePlacements, type SizeRequest } from '#core/placement/resize.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import type { GatheredSite } from '#db/gather.ts'
import type { ResizeAnswer } from '../ports.ts'
import type { SiteStore } from './site-store.ts'

/**
 * Other sizes for places that are given already, in one turn over the site's own rows (S8): what is refused stays as it is,
 * and its cluster is woken when there is more room.
 */
export function resizePlaces(
  store: SiteStore,
  documents: GatheredSite | undefined,
  clusterUid: string,
  requests: readonly SizeRequest[],
  othersRefused: boolean,
): ResizeAnswer & { readonly givesBack: boolean } {
  const mine = store.placements.machineIds(clusterUid)
  const own = requests.filter(({ machineId }) => mine.has(machineId))
  if (!documents || store.seenAt === undefined) {
    const found = documents
      ? problem('host-unknown', { site: documents.site.metadata.name })
      : problem('reference-missing', { kind: 'Site' })
    const refusals = own.map(({ machineId }) => ({ machineId, problem: found }))
    return { placements: [], refusals, givesBack: false }
  }
  const before = store.placements.all()
  const clusters = documents.clusters.map(({ document }) => document)
  const ledger = toLedger({ ...documents, clusters }, { placements: before, seen: store.seen.all() })
  const answer = resizePlacements(own, ledger)
  store.placements.replace(clusterUid, answer.placements)
  store.clusters.setRefused(clusterUid, othersRefused || answer.refusals.length > 0)
  const givesBack = answer.placements.some((after) => {
    const old = before.find(({ machineId }) => machineId === after.machineId)
    return old !== undefined && (after.cpu < old.cpu || after.memoryMiB < old.memoryMiB)
  })
  const findings =
    answer.placements.length > 0
      ? placementFindings(clusterUid, { ...ledger, placements: store.placements.all() })
      : undefined
  return { ...answer, findings, givesBack }
}
