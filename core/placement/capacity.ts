import { formatMiB } from '../base/units.ts'
import { mebibytes } from '../model/quantity.ts'
import type { HostSpec } from '../model/site.ts'
import type { Ledger } from './ledger.ts'

/**
 * What a host has, who has it, and what is left. Capacity = physical − host − reservations − guests − placed; memory
 * is never over-committed, vCPUs up to threads × `overcommit.cpu`.
 */
export interface HostCapacity {
  readonly host: string
  readonly online: boolean
  readonly cpu: Share
  readonly memoryMiB: Share
}

export interface Share {
  /** Threads × over-commit, or MiB. */
  readonly physical: number
  /** For the hypervisor itself. */
  readonly host: number
  /** By name of the reservation, `host` excluded. */
  readonly reserved: Readonly<Record<string, number>>
  /** Guests that Lanline did not place, running or not: a stopped guest can be started at any time. */
  readonly guests: number
  /** Machines of Lanline, whether they exist yet or not. */
  readonly placed: number
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
  const ours = new Set(ledger.placements.map((placement) => placement.machineId))
  const guests = ledger.seen.guests.filter((guest) => guest.host === spec.name && !(guest.uuid && ours.has(guest.uuid)))
  const placed = ledger.placements.filter((placement) => placement.host === spec.name)
  const reserve = spec.reserve ?? {}
  const hostMemory = reserve['host']?.memory
  return {
    host: spec.name,
    online: seen.online,
    cpu: share({
      physical: Math.floor(seen.threads * (spec.overcommit?.cpu ?? 1)),
      host: reserve['host']?.cpu ?? 0,
      reserved: named(reserve, (reservation) => reservation.cpu ?? 0),
      guests: sum(guests.map((guest) => guest.cpu)),
      placed: sum(placed.map((placement) => placement.cpu)),
    }),
    memoryMiB: share({
      physical: seen.memoryMiB,
      host: hostMemory
        ? mebibytes(hostMemory)
        : Math.max(HOST_MIN_MIB, Math.ceil(seen.memoryMiB * HOST_SHARE), seen.zfsCacheMiB ?? 0),
      reserved: named(reserve, (reservation) => (reservation.memory ? mebibytes(reservation.memory) : 0)),
      guests: sum(guests.map((guest) => guest.memoryMiB)),
      placed: sum(placed.map((placement) => placement.memoryMiB)),
    }),
  }
}

/** The sum as people check it: `88Gi − 8Gi host − 24Gi growth − 32Gi guests − 24Gi placed = 0 free`. */
export function sayShare(share: Share, unit: 'cpu' | 'memory'): string {
  const amount = (value: number) => (unit === 'memory' ? formatMiB(value) : String(value))
  const terms = [
    ['host', share.host],
    ...Object.entries(share.reserved),
    ['other guests', share.guests],
    ['placed', share.placed],
  ] as const
  const parts = terms.filter(([, value]) => value > 0).map(([name, value]) => ` − ${amount(value)} ${name}`)
  const free = share.free < 0 ? `−${amount(-share.free)}` : amount(share.free)
  return `${unit === 'cpu' ? 'CPU' : 'memory'} ${amount(share.physical)}${parts.join('')} = ${unit === 'memory' && share.free === 0 ? '0' : free} free`
}

function share(taken: Omit<Share, 'free'>): Share {
  const free = taken.physical - taken.host - sum(Object.values(taken.reserved)) - taken.guests - taken.placed
  return { ...taken, free }
}

function named<R>(reserve: Readonly<Record<string, R>>, amount: (reservation: R) => number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(reserve)
      .filter(([name]) => name !== 'host')
      .map(([name, reservation]) => [name, amount(reservation)]),
  )
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
