import { formatMiB } from '../base/units.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { NetworkSpec } from '../model/network.ts'
import type { PlacedDisk, PlacementRequest } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import { mebibytes } from '../model/quantity.ts'
import type { HostSeen } from '../model/seen.ts'
import type { HostSpec } from '../model/site.ts'
import { bootMediaOf, contentOf } from './boot-media.ts'
import { availableTo, sayShare, type Share } from './capacity.ts'
import type { Expressions } from './expressions.ts'
import type { HostRoom, Rooms } from './room.ts'
import { chooseStorages } from './storages.ts'

/** Firmware keeps a little of the memory for itself, so a host of 88 GiB may show 87.x. */
const MEMORY_TOLERANCE = 0.05

export interface Surroundings {
  readonly rooms: Rooms
  readonly expressions: Expressions
  readonly networks: Readonly<Record<string, NetworkSpec>>
}

/** The storages a machine would get on a host, or why the host cannot take it, most basic reason first (P5). */
export function fitOn(
  room: HostRoom,
  request: PlacementRequest,
  around: Surroundings,
): Result<readonly PlacedDisk[], Problem> {
  const obstacle =
    hostObstacle(room, request, around) ?? bridgeObstacle(room, request, around) ?? deviceObstacle(room, request)
  if (obstacle) return err(obstacle)
  const images = imageObstacle(room)
  if (images) return err(images)
  const disks = chooseStorages(room, request, around.rooms, around.expressions)
  if (!disks.ok) return disks
  const short = shortage(room, request)
  return short ? err(short) : ok(disks.value)
}

function hostObstacle(room: HostRoom, request: PlacementRequest, { rooms, expressions }: Surroundings) {
  const { spec, seen } = room
  if (request.host !== undefined && request.host !== spec.name)
    return problem('host-excluded', { host: spec.name, pinnedTo: request.host })
  if (!seen)
    return problem('host-unknown', {
      host: spec.name,
      seen: rooms.hosts.flatMap((other) => other.seen?.name ?? []),
    })
  if (!seen.online) return problem('host-unknown', { host: spec.name, online: false })
  return difference(spec, seen) ?? exclusion(spec, seen, request.where, expressions)
}

function difference({ name, expect }: HostSpec, seen: HostSeen): Problem | undefined {
  if (expect?.cpu !== undefined && seen.threads < expect.cpu)
    return problem('host-differs', { host: name, expectedCpu: expect.cpu, seenCpu: seen.threads })
  if (expect?.memory !== undefined && seen.memoryMiB < mebibytes(expect.memory) * (1 - MEMORY_TOLERANCE))
    return problem('host-differs', {
      host: name,
      expectedMemory: expect.memory,
      seenMemory: formatMiB(seen.memoryMiB),
    })
  return undefined
}

function exclusion(spec: HostSpec, seen: HostSeen, where: string | undefined, expressions: Expressions) {
  if (where === undefined) return undefined
  const answer = expressions.host(where, { spec, seen })
  if (answer.ok && answer.value) return undefined
  return problem('host-excluded', { host: spec.name, where, ...(answer.ok ? {} : { reason: answer.error }) })
}

function bridgeObstacle(room: HostRoom, request: PlacementRequest, { networks }: Surroundings): Problem | undefined {
  for (const nic of request.nics) {
    const network = networks[nic.network]
    if (!network) return problem('reference-missing', { kind: 'Network', name: nic.network })
    if (!room.bridges.has(network.bridge))
      return problem('bridge-missing', { host: room.spec.name, bridge: network.bridge })
  }
  return undefined
}

function deviceObstacle({ spec, devices }: HostRoom, request: PlacementRequest): Problem | undefined {
  const mappings = Object.values(spec.devices ?? {}).map(({ mapping }) => mapping)
  for (const mapping of request.devices) {
    if (!mappings.includes(mapping)) return problem('device-missing', { host: spec.name, mapping, devices: mappings })
    const by = devices.get(mapping)
    if (by !== undefined) return problem('device-missing', { host: spec.name, mapping, takenBy: by })
  }
  return undefined
}

/** What the host boots machines from has to be on a storage that takes it. */
function imageObstacle({ spec, seen, storages }: HostRoom): Problem | undefined {
  if (!seen) return problem('host-unknown', { host: spec.name })
  const media = bootMediaOf(seen)
  if (!media.ok) return media.error
  const content = contentOf(media.value)
  const there = storages.some((one) => one.name === spec.imageStorage && one.active && one.content.includes(content))
  return there ? undefined : problem('storage-missing', { host: spec.name, storage: spec.imageStorage, content })
}

/** etcd waits for nobody's vCPUs: hosts of control planes promise each thread twice at most. Source: facts proxmox.md §3. */
const MAX_PROMISES_WITH_CONTROL_PLANES = 2

function cpuFor({ seen, hasControlPlanes }: HostRoom, { role }: PlacementRequest, cpu: Share): Share {
  if (!seen || (role !== 'controlplane' && !hasControlPlanes)) return cpu
  const over = Math.max(0, cpu.physical - seen.threads * MAX_PROMISES_WITH_CONTROL_PLANES)
  return over === 0 ? cpu : { ...cpu, physical: cpu.physical - over, free: cpu.free - over }
}

function shortage(room: HostRoom, request: PlacementRequest): Problem | undefined {
  const { spec, capacity } = room
  if (!capacity) return problem('host-unknown', { host: spec.name })
  const say = (share: Share, unit: 'cpu' | 'memory', wanted: number, needed: string): readonly string[] => {
    const { drawFrom } = request
    if (availableTo(share, drawFrom) >= wanted) return []
    const drawn = drawFrom === undefined ? '' : `, beside what is left of ${drawFrom}`
    return [`${sayShare(share, unit)}${drawn}, needed ${needed}`]
  }
  const short = [
    ...say(cpuFor(room, request, capacity.cpu), 'cpu', request.cpu, String(request.cpu)),
    ...say(capacity.memoryMiB, 'memory', request.memoryMiB, formatMiB(request.memoryMiB)),
  ]
  return short.length === 0 ? undefined : problem('no-capacity', { host: spec.name, arithmetic: short.join('; ') })
}
