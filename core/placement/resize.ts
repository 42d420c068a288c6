import { formatMiB } from '../base/units.ts'
import { inNaturalOrder } from '../base/natural-order.ts'
import type { Placement } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import { availableTo, hostCapacity, hostOf, sayShare } from './capacity.ts'
import type { Ledger } from './ledger.ts'
import type { Refusal } from './place.ts'
import { Rooms } from './room.ts'
import { growthOn } from './storages.ts'

/**
 * Gives machines that have a place more of it, or takes back what they no longer need.
 *
 *   P5  No machine grows beyond what its host, and the storages of its disks, can give; a refusal carries its arithmetic.
 *
 * Each machine is judged on its own and keeps what it has when it is refused. What one gives back is there for the next.
 */
export interface SizeRequest {
  readonly machineId: string
  readonly cpu: number
  readonly memoryMiB: number
  /** Of each disk it has, in their order. */
  readonly diskGiB: readonly number[]
}

export interface ResizeDecision {
  /** Those that changed. */
  readonly placements: readonly Placement[]
  readonly refusals: readonly Refusal[]
}

export function resizePlacements(requests: readonly SizeRequest[], ledger: Ledger): ResizeDecision {
  const byId = new Map(ledger.placements.map((placement) => [placement.machineId, placement]))
  const known = requests.flatMap((request) => {
    const before = byId.get(request.machineId)
    return before && request.diskGiB.length === before.disks.length ? [{ before, after: sized(before, request) }] : []
  })
  const refusals: Refusal[] = []
  const changed = new Map<string, Placement>()
  const grown: { readonly storage: string; readonly host: string; readonly byGiB: number }[] = []
  for (const { before, after } of inNaturalOrder(known, (one) => one.before.name).toSorted(shrinkFirst)) {
    const now: Ledger = {
      ...ledger,
      placements: ledger.placements.map((placement) => changed.get(placement.machineId) ?? placement),
    }
    const obstacle = shortOfHost(before, after, now) ?? shortOfStorage(before, after, now, grown)
    if (obstacle) {
      refusals.push({ machineId: before.machineId, problem: obstacle })
      continue
    }
    changed.set(before.machineId, after)
    for (const { storage, deltaGiB } of growthOf(before, after))
      grown.push({ storage, host: hostOf(before, ledger.seen.guests), byGiB: deltaGiB })
  }
  return { placements: [...changed.values()], refusals }
}

type Pair = { readonly before: Placement; readonly after: Placement }
const shrinkFirst = (a: Pair, b: Pair): number => Number(grows(a)) - Number(grows(b))
const grows = ({ before, after }: Pair): boolean =>
  after.cpu > before.cpu || after.memoryMiB > before.memoryMiB || growthOf(before, after).length > 0

const sized = (before: Placement, { cpu, memoryMiB, diskGiB }: SizeRequest): Placement => ({
  ...before,
  cpu,
  memoryMiB,
  disks: before.disks.map((disk, index) => ({ ...disk, sizeGiB: diskGiB[index] ?? disk.sizeGiB })),
})

const growthOf = (before: Placement, after: Placement) =>
  after.disks.flatMap(({ name, storage, sizeGiB }, index) => {
    const deltaGiB = sizeGiB - (before.disks[index]?.sizeGiB ?? 0)
    return deltaGiB > 0 ? [{ name, storage, deltaGiB }] : []
  })

function shortOfHost(before: Placement, after: Placement, ledger: Ledger): Problem | undefined {
  const [moreCpu, moreMiB] = [after.cpu - before.cpu, after.memoryMiB - before.memoryMiB]
  if (moreCpu <= 0 && moreMiB <= 0) return undefined
  const host = hostOf(before, ledger.seen.guests)
  const spec = ledger.site.hosts.find(({ name }) => name === host)
  const capacity = spec && hostCapacity(spec, ledger)
  if (!capacity) return problem('host-unknown', { host })
  const { cpu, memoryMiB } = capacity
  const short = [
    ...(moreCpu > 0 && availableTo(cpu, before.drawFrom) < moreCpu
      ? [`${sayShare(cpu, 'cpu')}, needed ${moreCpu} more`]
      : []),
    ...(moreMiB > 0 && availableTo(memoryMiB, before.drawFrom) < moreMiB
      ? [`${sayShare(memoryMiB, 'memory')}, needed ${formatMiB(moreMiB)} more`]
      : []),
  ]
  return short.length === 0 ? undefined : problem('no-capacity', { host, arithmetic: short.join('; ') })
}

/** What is promised in this call and not written yet counts as taken. */
function shortOfStorage(
  before: Placement,
  after: Placement,
  ledger: Ledger,
  grown: readonly { readonly storage: string; readonly host: string; readonly byGiB: number }[],
): Problem | undefined {
  const host = hostOf(before, ledger.seen.guests)
  const rooms = new Rooms(ledger)
  for (const { name, storage, deltaGiB } of growthOf(before, after)) {
    const seen = ledger.seen.storages.find((one) => one.name === storage && one.host === host && one.active)
    if (!seen) return problem('storage-missing', { host, storage, content: 'images' })
    const grownGiB = grown
      .filter((one) => one.storage === storage && (seen.shared || one.host === host))
      .reduce((total, { byGiB }) => total + byGiB, 0)
    const { enough, arithmetic } = growthOn(seen, deltaGiB, rooms, grownGiB)
    if (!enough) return problem('no-capacity', { host, storage, disk: name, arithmetic: arithmetic() })
  }
  return undefined
}
