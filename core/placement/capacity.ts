import { formatMiB } from '../base/units.ts'
import type { Placement } from '../model/placement.ts'
import { mebibytes } from '../model/quantity.ts'
import type { GuestSeen } from '../model/seen.ts'
import type { HostSpec } from '../model/site.ts'
import type { AdoptedGuest, Ledger } from './ledger.ts'

/**
 * What a host has, who has it, and what is left. Memory is never over-committed, vCPUs up to threads × `overcommit.cpu`.
 * Whoever draws from a reservation uses that up first, so that it is not counted twice.
 */
export interface HostCapacity {
  readonly host: string
  readonly online: boolean
  readonly cpu: Share
  readonly memoryMiB: Share
}

/** free = physical − host − what is left of each reservation − adopted − foreign − managed − inFlight. */
export interface Share {
  /** Threads × over-commit, or MiB. */
  readonly physical: number
  /** For the hypervisor itself. */
  readonly host: number
  /** By name of the reservation, `host` excluded: what of it is not drawn yet. */
  readonly reserved: Readonly<Record<string, number>>
  /** Guests of Machine documents, whether they are there or not. */
  readonly adopted: number
  /** Guests that no document knows, running or not: a stopped guest can be started at any time. */
  readonly foreign: number
  /** Machines of Lanline that are there. */
  readonly managed: number
  /** Machines of Lanline that have a place and are not there yet. */
  readonly inFlight: number
  /** What is left; negative when more is promised than there is. */
  readonly free: number
}

/** Proxmox and its services want this much at least. Source: facts of the field, max(4 GiB, 10 %, ZFS cache). */
const HOST_MIN_MIB = 4096
const HOST_SHARE = 0.1

/** undefined while the host has not been seen. */
export function hostCapacity(spec: HostSpec, ledger: Ledger): HostCapacity | undefined {
  const seen = ledger.seen.hosts.find((host) => host.name === spec.name)
  if (!seen) return undefined
  const takers = takersOn(spec.name, ledger)
  const reserve = spec.reserve ?? {}
  const hostMemory = reserve['host']?.memory
  return {
    host: spec.name,
    online: seen.online,
    cpu: share(
      {
        physical: Math.floor(seen.threads * (spec.overcommit?.cpu ?? 1)),
        host: reserve['host']?.cpu ?? 0,
        reserved: named(reserve, (reservation) => reservation.cpu ?? 0),
      },
      takers,
      (taker) => taker.cpu,
    ),
    memoryMiB: share(
      {
        physical: seen.memoryMiB,
        host: hostMemory
          ? mebibytes(hostMemory)
          : Math.max(HOST_MIN_MIB, Math.ceil(seen.memoryMiB * HOST_SHARE), seen.zfsCacheMiB ?? 0),
        reserved: named(reserve, (reservation) => (reservation.memory ? mebibytes(reservation.memory) : 0)),
      },
      takers,
      (taker) => taker.memoryMiB,
    ),
  }
}

/** The guest that a Machine document means: that VMID on that host, which need not be there. */
export const guestOf = (adopted: Pick<AdoptedGuest, 'host' | 'vmid'>, guests: readonly GuestSeen[]) =>
  guests.find((guest) => guest.host === adopted.host && guest.vmid === adopted.vmid)

/** Where a machine is: the host it is seen on, which is not that of its placement once somebody, or HA, moved it. */
export const hostOf = (
  { machineId, host }: Pick<Placement, 'machineId' | 'host'>,
  guests: readonly GuestSeen[],
): string => guests.find(({ uuid }) => uuid === machineId)?.host ?? host

interface Taker {
  readonly as: 'adopted' | 'foreign' | 'managed' | 'inFlight'
  readonly cpu: number
  readonly memoryMiB: number
  readonly drawFrom: string | undefined
}

function takersOn(host: string, ledger: Ledger): readonly Taker[] {
  const here = ledger.seen.guests.filter((guest) => guest.host === host)
  const ours = new Set(ledger.placements.map((placement) => placement.machineId))
  const seenAs = new Map(ledger.seen.guests.map((guest) => [guest.uuid, guest]))
  const adopted = ledger.adopted.filter((guest) => guest.host === host)
  const known = new Set(adopted.map((guest) => guestOf(guest, here)))
  return [
    ...adopted.map((guest): Taker => {
      const seen = guestOf(guest, here)
      const [cpu, memoryMiB] = [Math.max(guest.cpu, seen?.cpu ?? 0), Math.max(guest.memoryMiB, seen?.memoryMiB ?? 0)]
      return { as: 'adopted', cpu, memoryMiB, drawFrom: guest.drawFrom }
    }),
    ...here
      .filter((guest) => !known.has(guest) && !(guest.uuid && ours.has(guest.uuid)))
      .map(({ cpu, memoryMiB }): Taker => ({ as: 'foreign', cpu, memoryMiB, drawFrom: undefined })),
    ...ledger.placements
      .filter((placement) => (seenAs.get(placement.machineId)?.host ?? placement.host) === host)
      .map(({ machineId, cpu, memoryMiB, drawFrom }): Taker => {
        const seen = seenAs.get(machineId)
        if (!seen) return { as: 'inFlight', cpu, memoryMiB, drawFrom }
        // What somebody gave it by hand is in use, too; what it gives up itself is released only once it has shrunk.
        const [threads, mib] = [Math.max(cpu, seen.cpu), Math.max(memoryMiB, seen.memoryMiB)]
        return { as: 'managed', cpu: threads, memoryMiB: mib, drawFrom }
      }),
  ]
}

function share(
  has: Pick<Share, 'physical' | 'host' | 'reserved'>,
  takers: readonly Taker[],
  amount: (taker: Taker) => number,
): Share {
  const total = (chosen: (taker: Taker) => boolean) => sum(takers.filter(chosen).map(amount))
  const reserved = Object.fromEntries(
    Object.entries(has.reserved).map(([name, whole]) => [
      name,
      Math.max(0, whole - total((taker) => taker.drawFrom === name)),
    ]),
  )
  const taken = {
    adopted: total(({ as }) => as === 'adopted'),
    foreign: total(({ as }) => as === 'foreign'),
    managed: total(({ as }) => as === 'managed'),
    inFlight: total(({ as }) => as === 'inFlight'),
  }
  const free = has.physical - has.host - sum(Object.values(reserved)) - sum(Object.values(taken))
  return { physical: has.physical, host: has.host, reserved, ...taken, free }
}

/** What one who draws from a reservation may take: what is free, and what is left of the reservation. */
export const availableTo = (share: Pick<Share, 'free' | 'reserved'>, drawFrom: string | undefined): number =>
  share.free + (drawFrom === undefined ? 0 : (share.reserved[drawFrom] ?? 0))

/** The sum as people check it: `88Gi − 8Gi host − 24Gi growth − 32Gi other guests − 24Gi placed = 0 free`. */
export function sayShare(share: Share, unit: 'cpu' | 'memory'): string {
  const amount = (value: number) => (unit === 'memory' ? formatMiB(value) : String(value))
  const terms = [
    ['host', share.host],
    ...Object.entries(share.reserved),
    ['adopted', share.adopted],
    ['other guests', share.foreign],
    ['placed', share.managed + share.inFlight],
  ] as const
  const parts = terms.filter(([, value]) => value > 0).map(([name, value]) => ` − ${amount(value)} ${name}`)
  const free = share.free < 0 ? `−${amount(-share.free)}` : amount(share.free)
  return `${unit === 'cpu' ? 'CPU' : 'memory'} ${amount(share.physical)}${parts.join('')} = ${unit === 'memory' && share.free === 0 ? '0' : free} free`
}

function named<R>(reserve: Readonly<Record<string, R>>, amount: (reservation: R) => number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(reserve)
      .filter(([name]) => name !== 'host')
      .map(([name, reservation]) => [name, amount(reservation)]),
  )
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
