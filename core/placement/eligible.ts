import { formatMiB } from '../base/units.ts'
import { mebibytes } from '../model/quantity.ts'
import type { PlacementRequest } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import type { HostSpec } from '../model/site.ts'
import { hostCapacity, sayShare } from './capacity.ts'
import type { Ledger } from './ledger.ts'

/** Firmware keeps a little of the memory for itself, so a host of 88 GiB may show 87.x. */
const MEMORY_TOLERANCE = 0.05

/** Why a host cannot take a machine, most basic reason first; undefined when it can (P5). */
export function obstacle(spec: HostSpec, request: PlacementRequest, ledger: Ledger): Problem | undefined {
  const seen = ledger.seen.hosts.find((host) => host.name === spec.name)
  const capacity = hostCapacity(spec, ledger)
  if (!seen || !capacity)
    return problem('host-unknown', { host: spec.name, seen: ledger.seen.hosts.map((host) => host.name) })
  if (!seen.online) return problem('host-unknown', { host: spec.name, online: false })

  const expected = spec.expect
  if (expected?.cpu !== undefined && seen.threads < expected.cpu)
    return problem('host-differs', { host: spec.name, expectedCpu: expected.cpu, seenCpu: seen.threads })
  if (expected?.memory !== undefined && seen.memoryMiB < mebibytes(expected.memory) * (1 - MEMORY_TOLERANCE))
    return problem('host-differs', {
      host: spec.name,
      expectedMemory: expected.memory,
      seenMemory: formatMiB(seen.memoryMiB),
    })

  const network = ledger.networks[request.network]
  if (!network) return problem('reference-missing', { kind: 'Network', name: request.network })
  if (!ledger.seen.bridges.some((bridge) => bridge.host === spec.name && bridge.name === network.bridge))
    return problem('bridge-missing', { host: spec.name, bridge: network.bridge })

  return storageObstacle(spec, request, ledger) ?? memoryOrCpuObstacle(spec, request, capacity)
}

function storageObstacle(spec: HostSpec, request: PlacementRequest, ledger: Ledger): Problem | undefined {
  const find = (name: string, content: string) =>
    ledger.seen.storages.find(
      (storage) =>
        storage.host === spec.name && storage.name === name && storage.active && storage.content.includes(content),
    )
  const disks = find(spec.storage, 'images')
  if (!disks) return problem('storage-missing', { host: spec.name, storage: spec.storage, content: 'images' })
  if (!find(spec.imageStorage, 'import'))
    return problem('storage-missing', { host: spec.name, storage: spec.imageStorage, content: 'import' })

  // A disk that exists already is part of what is no longer free; one that does not yet is counted here.
  const exists = new Set(ledger.seen.guests.map((guest) => guest.uuid))
  const promisedGiB = ledger.placements
    .filter(
      (placement) =>
        placement.host === spec.name && placement.storage === spec.storage && !exists.has(placement.machineId),
    )
    .reduce((total, placement) => total + placement.diskGiB, 0)
  const freeGiB = disks.freeGiB - promisedGiB
  if (freeGiB >= request.diskGiB) return undefined
  return problem('no-capacity', {
    host: spec.name,
    storage: spec.storage,
    arithmetic: `storage ${disks.freeGiB}Gi free − ${promisedGiB}Gi promised = ${freeGiB}Gi, needed ${request.diskGiB}Gi`,
  })
}

function memoryOrCpuObstacle(
  spec: HostSpec,
  request: PlacementRequest,
  capacity: NonNullable<ReturnType<typeof hostCapacity>>,
): Problem | undefined {
  const short: string[] = []
  if (capacity.cpu.free < request.cpu) short.push(`${sayShare(capacity.cpu, 'cpu')}, needed ${request.cpu}`)
  if (capacity.memoryMiB.free < request.memoryMiB)
    short.push(`${sayShare(capacity.memoryMiB, 'memory')}, needed ${formatMiB(request.memoryMiB)}`)
  return short.length === 0 ? undefined : problem('no-capacity', { host: spec.name, arithmetic: short.join('; ') })
}
