import { inNaturalOrder } from '../base/natural-order.ts'
import { err, ok, type Result } from '../base/result.ts'
import { invariant } from '../base/invariant.ts'
import type { PlacedDisk, Placement, PlacementRequest } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import { Addresses } from './addresses.ts'
import { bootMediaOf } from './boot-media.ts'
import { fitOn, type Surroundings } from './eligible.ts'
import { explain, refuse, type Explanation } from './explain.ts'
import { Expressions } from './expressions.ts'
import type { Ledger } from './ledger.ts'
import { Numbers } from './numbers.ts'
import { Rooms, storageKey, type HostRoom } from './room.ts'

/**
 * Finds a home for every machine or for none, and says why.
 *
 *   P5  No machine is placed beyond a host's allocatable capacity, reservations included.
 *   P6  No VMID, MAC, address or SMBIOS UUID is handed out twice.
 *
 * Repeating a request gives the same placement. Control planes are spread over hosts: strictly when three or more
 * hosts could take the machine, as well as possible otherwise; then over shared storages. What is equal so far goes
 * where most is left of what is scarcest, so that hosts fill evenly.
 */
export type PlaceAnswer =
  | {
      readonly ok: true
      readonly placements: readonly Placement[]
      /** Of the machines that were placed now, when they were asked for. */
      readonly explanations: readonly Explanation[]
    }
  | { readonly ok: false; readonly refusals: readonly Refusal[] }

export interface Refusal {
  readonly machineId: string
  readonly problem: Problem
}

/** From this many possible hosts on, two control planes never share one. */
const STRICT_SPREAD_HOSTS = 3

export function place(
  clusterUid: string,
  requests: readonly PlacementRequest[],
  ledger: Ledger,
  random: (bytes: number) => Uint8Array,
  { explaining = false }: { readonly explaining?: boolean } = {},
): PlaceAnswer {
  const desk: Desk = {
    explaining,
    clusterUid,
    ledger,
    rooms: new Rooms(ledger),
    expressions: new Expressions(),
    networks: ledger.networks,
    addresses: new Addresses(ledger),
    numbers: new Numbers(ledger, random),
    storagesOfControlPlanes: sharedStoragesOf(clusterUid, ledger),
  }
  const inOrder = byName(requests)
  const known = new Map(ledger.placements.map((placement) => [placement.machineId, placement]))
  const placed = new Map<string, Placement>()
  const explanations: Explanation[] = []
  const refusals: Refusal[] = []
  for (const request of inOrder.toSorted(biggestFirst)) {
    const before = known.get(request.machineId)
    if (before) {
      placed.set(request.machineId, before)
      continue
    }
    const found = placeOne(request, desk)
    if (!found.ok) refusals.push({ machineId: request.machineId, problem: found.error })
    else {
      placed.set(request.machineId, found.value.placement)
      if (found.value.explanation) explanations.push(found.value.explanation)
      settle(found.value.placement, desk)
    }
  }
  if (refusals.length > 0) return { ok: false, refusals }
  return {
    ok: true,
    placements: inOrder.map(({ machineId }) => placed.get(machineId)!),
    explanations,
  }
}

/** Everything that a call keeps in mind while it places one machine after the other. */
interface Desk extends Surroundings {
  readonly explaining: boolean
  readonly clusterUid: string
  readonly ledger: Ledger
  readonly addresses: Addresses
  readonly numbers: Numbers
  /** Shared storages on which control planes of the cluster are, and how many. */
  readonly storagesOfControlPlanes: Map<string, number>
}

const byName = (requests: readonly PlacementRequest[]) => inNaturalOrder(requests, ({ name }) => name)

/** Control planes before workers; what is big finds no place once the small ones are everywhere. Equals stay in order. */
const biggestFirst = (a: PlacementRequest, b: PlacementRequest): number =>
  Number(a.role === 'worker') - Number(b.role === 'worker') ||
  Number(a.host === undefined) - Number(b.host === undefined) ||
  b.memoryMiB - a.memoryMiB ||
  b.cpu - a.cpu

function placeOne(
  request: PlacementRequest,
  desk: Desk,
): Result<{ readonly placement: Placement; readonly explanation: Explanation | undefined }, Problem> {
  const addresses = desk.addresses.choose(request.nics, request.avoid)
  if (!addresses.ok) return addresses
  const macs = desk.numbers.checkMacs(request.nics.map(({ mac }) => mac))
  if (!macs.ok) return macs
  const judged = desk.rooms.hosts.map((room) => ({ room, fit: fitOn(room, request, desk) }))
  const eligible = judged.flatMap(({ room, fit }) => (fit.ok ? [candidate(room, fit.value, request, desk)] : []))
  if (eligible.length === 0)
    return err(
      refuse(
        request,
        judged.map(({ room, fit }) => ({ host: room.spec.name, fit })),
        desk.ledger,
      ),
    )
  const strict = request.role === 'controlplane' && eligible.length >= STRICT_SPREAD_HOSTS
  const alone = strict ? eligible.filter(({ siblings }) => siblings === 0) : eligible
  const [best] = (alone.length > 0 ? alone : eligible).toSorted(better)
  invariant(best, 'one of several is the best')
  const vmid = desk.numbers.vmid()
  if (vmid === undefined) return err(problem('vmids-exhausted', { range: desk.ledger.site.vmids }))

  const { spec } = best.room
  return ok({
    placement: {
      machineId: request.machineId,
      clusterUid: desk.clusterUid,
      name: request.name,
      role: request.role,
      host: spec.name,
      imageStorage: spec.imageStorage,
      ...bootOf(best.room),
      vmid,
      cpu: request.cpu,
      memoryMiB: request.memoryMiB,
      disks: [...best.disks],
      nics: request.nics.map(({ network, mac }, index) => ({
        network,
        bridge: desk.networks[network]!.bridge,
        mac: mac ?? desk.numbers.mac(),
        address: addresses.value[index]!,
      })),
      devices: [...request.devices],
      ...(request.drawFrom === undefined ? {} : { drawFrom: request.drawFrom }),
    },
    explanation: desk.explaining ? explain(request, best.room.spec.name, judged, eligible) : undefined,
  })
}

/** A host that can import says nothing, as it always was. */
function bootOf({ seen }: HostRoom): Pick<Placement, 'boot'> {
  const media = seen && bootMediaOf(seen)
  return media?.ok && media.value === 'iso' ? { boot: media.value } : {}
}

/** A host that could take the machine, with what decides between several. */
export interface Candidate {
  readonly room: HostRoom
  readonly disks: readonly PlacedDisk[]
  /** Machines of the cluster and role that are there already. */
  readonly siblings: number
  /** Control planes of the cluster that would share a storage with this one. */
  readonly storageSiblings: number
  /** Share of the host that is taken with the machine on it; 1 is full. */
  readonly load: number
}

function candidate(room: HostRoom, disks: readonly PlacedDisk[], request: PlacementRequest, desk: Desk): Candidate {
  const controlPlane = request.role === 'controlplane'
  return {
    room,
    disks,
    siblings: controlPlane ? room.siblings(desk.clusterUid, request.role) : 0,
    storageSiblings: controlPlane
      ? Math.max(0, ...sharedAmong(room, disks).map((key) => desk.storagesOfControlPlanes.get(key) ?? 0))
      : 0,
    load: room.loadWith(request),
  }
}

const better = (a: Candidate, b: Candidate): number =>
  a.siblings - b.siblings || a.storageSiblings - b.storageSiblings || a.load - b.load || a.room.rank - b.room.rank

function settle(placement: Placement, desk: Desk): void {
  desk.rooms.take(placement)
  desk.numbers.take(placement)
  desk.addresses.take(
    placement.nics.map(({ address }) => address),
    placement.name,
  )
  const room = desk.rooms.of(placement.host)
  if (!room || placement.role !== 'controlplane') return
  for (const key of sharedAmong(room, placement.disks))
    desk.storagesOfControlPlanes.set(key, (desk.storagesOfControlPlanes.get(key) ?? 0) + 1)
}

const sharedAmong = (room: HostRoom, disks: readonly PlacedDisk[]): readonly string[] =>
  room.storages
    .filter(({ name, shared }) => shared && disks.some(({ storage }) => storage === name))
    .map((storage) => storageKey(storage))

function sharedStoragesOf(clusterUid: string, { placements, seen }: Ledger): Map<string, number> {
  const shared = new Set(seen.storages.filter((storage) => storage.shared).map(({ name }) => name))
  const counts = new Map<string, number>()
  for (const placement of placements)
    if (placement.clusterUid === clusterUid && placement.role === 'controlplane')
      for (const name of new Set(placement.disks.map(({ storage }) => storage)))
        if (shared.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
