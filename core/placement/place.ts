import { mintMac } from '../model/ids.ts'
import type { Placement, PlacementRequest } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import { parseVmids, type HostSpec } from '../model/site.ts'
import { hostCapacity } from './capacity.ts'
import { obstacle } from './eligible.ts'
import type { Ledger } from './ledger.ts'

/**
 * Finds a home for every machine or for none, and says why not.
 *
 *   P5  No machine is placed beyond a host's allocatable capacity, reservations included.
 *   P6  No VMID, MAC, address or SMBIOS UUID is handed out twice.
 *
 * Repeating a request gives the same placement. Control planes are spread over hosts: strictly when three or more
 * hosts could take the machine, as well as possible otherwise.
 */
export type PlaceAnswer =
  | { readonly ok: true; readonly placements: readonly Placement[] }
  | { readonly ok: false; readonly refusals: readonly Refusal[] }

export interface Refusal {
  readonly machineId: string
  readonly problem: Problem
}

/** From this many possible hosts on, two control planes never share one. */
const STRICT_SPREAD_HOSTS = 3
/** A MAC is 40 random bits; more tries than this means the source of randomness is broken. */
const MAX_MAC_TRIES = 16

export function place(
  clusterUid: string,
  requests: readonly PlacementRequest[],
  ledger: Ledger,
  random: (bytes: number) => Uint8Array,
): PlaceAnswer {
  let current = ledger
  const answers: Placement[] = []
  const refusals: Refusal[] = []
  for (const request of requests.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const known = current.placements.find((placement) => placement.machineId === request.machineId)
    if (known) {
      answers.push(known)
      continue
    }
    const placed = placeOne(clusterUid, request, current, requests, random)
    if ('code' in placed) refusals.push({ machineId: request.machineId, problem: placed })
    else {
      answers.push(placed)
      current = { ...current, placements: [...current.placements, placed] }
    }
  }
  return refusals.length > 0 ? { ok: false, refusals } : { ok: true, placements: answers }
}

function placeOne(
  clusterUid: string,
  request: PlacementRequest,
  ledger: Ledger,
  requests: readonly PlacementRequest[],
  random: (bytes: number) => Uint8Array,
): Placement | Problem {
  const holder = ledger.placements.find((placement) => placement.address === request.address)
  if (holder) return problem('address-taken', { address: request.address, by: holder.name, vmid: holder.vmid })

  const obstacles = ledger.site.hosts.map((host) => ({ host, problem: obstacle(host, request, ledger) }))
  const eligible = obstacles.filter((candidate) => !candidate.problem).map((candidate) => candidate.host)
  const [first] = obstacles
  if (eligible.length === 0 && first?.problem) return tellAll(first.problem, obstacles)

  const roleOf = new Map(requests.map((other) => [other.machineId, other.role]))
  const siblings = (host: HostSpec) =>
    ledger.placements.filter(
      (placement) =>
        placement.host === host.name &&
        placement.clusterUid === clusterUid &&
        (roleOf.get(placement.machineId) ?? 'controlplane') === request.role,
    ).length
  const spread =
    request.role === 'controlplane' && eligible.length >= STRICT_SPREAD_HOSTS
      ? eligible.filter((host) => siblings(host) === 0)
      : eligible
  const [best] = (spread.length > 0 ? spread : eligible).toSorted(
    (a, b) => siblings(a) - siblings(b) || freeRatio(b, ledger) - freeRatio(a, ledger) || (a.name < b.name ? -1 : 1),
  )
  const vmid = freeVmid(ledger)
  if (vmid === undefined) return problem('vmids-exhausted', { range: ledger.site.vmids })
  const network = ledger.networks[request.network]
  if (!best || !network) return problem('no-capacity', { machine: request.name })
  return {
    machineId: request.machineId,
    clusterUid,
    name: request.name,
    host: best.name,
    storage: best.storage,
    imageStorage: best.imageStorage,
    bridge: network.bridge,
    vmid,
    mac: freeMac(ledger, random),
    address: request.address,
    cpu: request.cpu,
    memoryMiB: request.memoryMiB,
    diskGiB: request.diskGiB,
  }
}

/** One host: its own reason. Several: the first reason, and all of them as facts. */
function tellAll(first: Problem, obstacles: readonly { host: HostSpec; problem: Problem | undefined }[]): Problem {
  if (obstacles.length === 1) return first
  const hosts = obstacles.map(
    ({ host, problem: found }) => `${host.name}: ${String(found?.facts['arithmetic'] ?? found?.code)}`,
  )
  return problem(first.code, { ...first.facts, hosts })
}

function freeRatio(host: HostSpec, ledger: Ledger): number {
  const capacity = hostCapacity(host, ledger)
  return capacity ? capacity.memoryMiB.free / Math.max(1, capacity.memoryMiB.physical) : 0
}

function freeVmid(ledger: Ledger): number | undefined {
  const range = parseVmids(ledger.site.vmids)
  if (!range) return undefined
  const taken = new Set([
    ...ledger.placements.map((placement) => placement.vmid),
    ...ledger.seen.guests.map((guest) => guest.vmid),
  ])
  for (let vmid = range.first; vmid <= range.last; vmid++) if (!taken.has(vmid)) return vmid
  return undefined
}

function freeMac(ledger: Ledger, random: (bytes: number) => Uint8Array): string {
  const taken = new Set([
    ...ledger.placements.map((placement) => placement.mac),
    ...ledger.seen.guests.flatMap((guest) => guest.macs.map((mac) => mac.toUpperCase())),
  ])
  for (let tries = 0; tries < MAX_MAC_TRIES; tries++) {
    const mac = mintMac(random(5))
    if (!taken.has(mac)) return mac
  }
  throw new Error('invariant broken: no free MAC after many random tries')
}
