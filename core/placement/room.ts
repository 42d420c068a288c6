import { inNaturalOrder } from '../base/natural-order.ts'
import type { Placement, PlacementRequest } from '../model/placement.ts'
import type { HostSeen, StorageSeen } from '../model/seen.ts'
import type { HostSpec } from '../model/site.ts'
import { availableTo, hostCapacity, type HostCapacity, type Share } from './capacity.ts'
import type { Ledger } from './ledger.ts'

/**
 * What is left of every host while a call places its machines one after the other: reckoned once from the ledger, then
 * kept up to date by `take`, so that a thousand machines cost a thousand times little. It lives as long as one call.
 */
export class Rooms {
  readonly hosts: readonly HostRoom[]
  readonly #declaredGiB = new Map<string, number>()
  readonly #promisedGiB = new Map<string, number>()

  constructor(ledger: Ledger) {
    const names = inNaturalOrder(ledger.site.hosts, ({ name }) => name).map(({ name }) => name)
    this.hosts = ledger.site.hosts.map((spec) => new HostRoom(spec, ledger, names.indexOf(spec.name)))
    const exists = new Set(ledger.seen.guests.map((guest) => guest.uuid))
    for (const placement of ledger.placements) this.#count(placement, exists.has(placement.machineId))
  }

  of(host: string): HostRoom | undefined {
    return this.hosts.find((room) => room.spec.name === host)
  }

  /** GiB of our disks on a storage: of all of them, and of those that are not made yet. */
  disksOn(storage: StorageSeen): { readonly declaredGiB: number; readonly promisedGiB: number } {
    const key = storageKey(storage)
    return { declaredGiB: this.#declaredGiB.get(key) ?? 0, promisedGiB: this.#promisedGiB.get(key) ?? 0 }
  }

  take(placement: Placement): void {
    this.of(placement.host)?.take(placement)
    this.#count(placement, false)
  }

  #count(placement: Placement, exists: boolean): void {
    const room = this.of(placement.host)
    for (const disk of placement.disks) {
      const storage = room?.storages.find((seen) => seen.name === disk.storage)
      const key = storage ? storageKey(storage) : `${placement.host}/${disk.storage}`
      add(this.#declaredGiB, key, disk.sizeGiB)
      // A disk that exists already is part of what is no longer free.
      if (!exists) add(this.#promisedGiB, key, disk.sizeGiB)
    }
  }
}

/** A shared storage is one, whatever host looks at it. */
export const storageKey = ({ host, name, shared }: Pick<StorageSeen, 'host' | 'name' | 'shared'>): string =>
  shared ? name : `${host}/${name}`

const add = (sums: Map<string, number>, key: string, value: number): void => {
  sums.set(key, (sums.get(key) ?? 0) + value)
}

export class HostRoom {
  readonly spec: HostSpec
  /** Its place among the hosts by name: what is equal otherwise is decided by it. */
  readonly rank: number
  readonly seen: HostSeen | undefined
  readonly storages: readonly StorageSeen[]
  readonly bridges: ReadonlySet<string>
  /** Resource mapping → who has it. */
  readonly devices = new Map<string, string>()
  #capacity: HostCapacity | undefined
  #hasControlPlanes = false
  readonly #siblings = new Map<string, number>()

  constructor(spec: HostSpec, ledger: Ledger, rank: number) {
    this.spec = spec
    this.rank = rank
    this.seen = ledger.seen.hosts.find((host) => host.name === spec.name)
    this.storages = ledger.seen.storages.filter((storage) => storage.host === spec.name)
    this.bridges = new Set(ledger.seen.bridges.filter(({ host }) => host === spec.name).map(({ name }) => name))
    this.#capacity = hostCapacity(spec, ledger)
    for (const guest of ledger.adopted)
      if (guest.host === spec.name) for (const device of guest.devices) this.devices.set(device, guest.name)
    for (const placement of ledger.placements) if (placement.host === spec.name) this.#settle(placement)
  }

  get capacity(): HostCapacity | undefined {
    return this.#capacity
  }

  /** Of any cluster. */
  get hasControlPlanes(): boolean {
    return this.#hasControlPlanes
  }

  /** Machines of that cluster and role that are here. */
  siblings(clusterUid: string, role: PlacementRequest['role']): number {
    return this.#siblings.get(`${clusterUid}/${role}`) ?? 0
  }

  /** Share of what a request may take of the fuller of CPU and memory once it is here: 1 is full. */
  loadWith(request: Pick<PlacementRequest, 'cpu' | 'memoryMiB' | 'drawFrom'>): number {
    if (!this.#capacity) return 1
    const load = (share: Share, wanted: number) =>
      1 - (availableTo(share, request.drawFrom) - wanted) / Math.max(1, share.physical)
    return Math.max(load(this.#capacity.cpu, request.cpu), load(this.#capacity.memoryMiB, request.memoryMiB))
  }

  take(placement: Placement): void {
    this.#settle(placement)
    if (!this.#capacity) return
    this.#capacity = {
      ...this.#capacity,
      cpu: taken(this.#capacity.cpu, placement.cpu, placement.drawFrom),
      memoryMiB: taken(this.#capacity.memoryMiB, placement.memoryMiB, placement.drawFrom),
    }
  }

  #settle({ clusterUid, role, name, devices }: Placement): void {
    if (role === 'controlplane') this.#hasControlPlanes = true
    add(this.#siblings, `${clusterUid}/${role}`, 1)
    for (const device of devices) this.devices.set(device, name)
  }
}

function taken(share: Share, amount: number, drawFrom: string | undefined): Share {
  const left = drawFrom === undefined ? 0 : (share.reserved[drawFrom] ?? 0)
  const drawn = Math.min(left, amount)
  return {
    ...share,
    reserved: drawn > 0 && drawFrom !== undefined ? { ...share.reserved, [drawFrom]: left - drawn } : share.reserved,
    inFlight: share.inFlight + amount,
    free: share.free - (amount - drawn),
  }
}
