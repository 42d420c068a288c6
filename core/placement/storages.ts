import { err, ok, type Result } from '../base/result.ts'
import type { PlacedDisk, PlacementRequest } from '../model/placement.ts'
import { problem, type Problem } from '../model/problem.ts'
import type { StorageSeen } from '../model/seen.ts'
import { isStorageName, type Expressions } from './expressions.ts'
import type { HostRoom, Rooms } from './room.ts'

/**
 * A storage for each disk of a machine. A thick storage gives a disk all of its space at once; a thin one gives it as it
 * is written, so disks may be promised up to 150 % of it while little of it is used. Source: facts proxmox.md §3.
 */
const THIN: ReadonlySet<string> = new Set(['lvmthin', 'zfspool', 'rbd', 'dir', 'nfs', 'cifs', 'cephfs', 'btrfs'])
/** Snapshots and metadata want some on top of what a disk takes. */
const THICK_MARGIN = 0.1
const THIN_PROMISE = 1.5
const THIN_MAX_USED = 0.8

export function chooseStorages(
  room: HostRoom,
  request: PlacementRequest,
  rooms: Rooms,
  expressions: Expressions,
): Result<readonly PlacedDisk[], Problem> {
  const chosen: PlacedDisk[] = []
  for (const disk of request.disks) {
    const storage = chooseOne(room, disk, request, rooms, expressions, chosen)
    if (!storage.ok) return storage
    chosen.push({ name: disk.name, storage: storage.value, sizeGiB: disk.sizeGiB })
  }
  return ok(chosen)
}

type Disk = PlacementRequest['disks'][number]

function chooseOne(
  room: HostRoom,
  disk: Disk,
  request: PlacementRequest,
  rooms: Rooms,
  expressions: Expressions,
  earlier: readonly PlacedDisk[],
): Result<string, Problem> {
  const { spec, seen } = room
  const wanted = disk.storage ?? spec.storage
  const able = room.storages.filter((storage) => storage.active && storage.content.includes('images'))
  const fitting = seen
    ? able.filter((storage) => {
        const fits = disk.storage === undefined ? undefined : expressions.storage(wanted, { spec, seen }, storage, disk)
        return fits ? fits.ok && fits.value : storage.name === wanted
      })
    : []
  if (fitting.length === 0) return err(problem('storage-missing', missing(spec.name, wanted, disk, able)))

  const [only] = fitting
  if (only && fitting.length === 1 && roomOn(only, disk, rooms, earlier).enough) return ok(only.name)
  const judged = fitting.map((storage) => ({ storage, ...roomOn(storage, disk, rooms, earlier) }))
  const withRoom = judged.filter((one) => one.enough)
  const [best] = withRoom.toSorted(
    (a, b) => b.freeGiB / Math.max(1, b.storage.totalGiB) - a.freeGiB / Math.max(1, a.storage.totalGiB) || order(a, b),
  )
  if (best) return ok(best.storage.name)
  const names = judged.map(({ storage }) => storage.name)
  return err(
    problem('no-capacity', {
      host: spec.name,
      storage: names.join(', '),
      ...(request.disks.length > 1 ? { disk: disk.name } : {}),
      arithmetic: judged.map(({ arithmetic }) => arithmetic()).join('; '),
    }),
  )
}

type Judged = { readonly storage: StorageSeen }
const order = (a: Judged, b: Judged): number => (a.storage.name < b.storage.name ? -1 : 1)

const missing = (host: string, wanted: string, disk: Disk, able: readonly StorageSeen[]) => ({
  host,
  ...(isStorageName(wanted) ? { storage: wanted } : { expression: wanted, disk: disk.name }),
  content: 'images',
  there: able.map(({ name }) => name),
})

/**
 * Whether a disk may grow by so much. A thin storage promises by size, so earlier growth is in what is declared already; a
 * thick one shows only what is written, so what was promised before and is not written yet is told in `grownGiB`.
 */
export function growthOn(storage: StorageSeen, byGiB: number, rooms: Rooms, grownGiB: number) {
  const { declaredGiB, promisedGiB } = rooms.disksOn(storage)
  return THIN.has(storage.type ?? '')
    ? onThin(storage, { sizeGiB: byGiB }, declaredGiB)
    : onThick(storage, { sizeGiB: byGiB }, promisedGiB + grownGiB)
}

function roomOn(storage: StorageSeen, disk: Disk, rooms: Rooms, earlier: readonly PlacedDisk[]) {
  const own = earlier
    .filter((placed) => placed.storage === storage.name)
    .reduce((total, placed) => total + placed.sizeGiB, 0)
  const { declaredGiB, promisedGiB } = rooms.disksOn(storage)
  return THIN.has(storage.type ?? '')
    ? onThin(storage, disk, declaredGiB + own)
    : onThick(storage, disk, promisedGiB + own)
}

function onThin(storage: StorageSeen, { sizeGiB }: Pick<Disk, 'sizeGiB'>, promisedGiB: number) {
  const usedGiB = storage.totalGiB - storage.freeGiB
  const freeGiB = Math.floor(storage.totalGiB * THIN_PROMISE) - promisedGiB
  const full = usedGiB >= storage.totalGiB * THIN_MAX_USED
  return {
    enough: !full && freeGiB >= sizeGiB,
    freeGiB,
    arithmetic: () =>
      full
        ? `${sayStorage(storage)} ${usedGiB}Gi of ${storage.totalGiB}Gi used, at most ${THIN_MAX_USED * 100}% may be`
        : `${sayStorage(storage)} ${storage.totalGiB}Gi × ${THIN_PROMISE} − ${promisedGiB}Gi promised = ${freeGiB}Gi, needed ${sizeGiB}Gi`,
  }
}

function onThick(storage: StorageSeen, { sizeGiB }: Pick<Disk, 'sizeGiB'>, promisedGiB: number) {
  const neededGiB = Math.ceil(sizeGiB * (1 + THICK_MARGIN))
  const freeGiB = storage.freeGiB - promisedGiB
  return {
    enough: freeGiB >= neededGiB,
    freeGiB,
    arithmetic: () =>
      `${sayStorage(storage)} ${storage.freeGiB}Gi free − ${promisedGiB}Gi promised = ${freeGiB}Gi, needed ${sizeGiB}Gi + 10% = ${neededGiB}Gi`,
  }
}

const sayStorage = ({ name, shared }: StorageSeen): string => `storage ${name}${shared ? ' (shared)' : ''}`
