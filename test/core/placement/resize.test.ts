import { describe, expect, test } from 'vitest'
import type { GuestSeen, SiteSeen, StorageSeen } from '#core/model/seen.ts'
import { hostCapacity } from '#core/placement/capacity.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { resizePlacements, type SizeRequest } from '#core/placement/resize.ts'
import { aNetwork, aSite } from '../../support/documents.ts'
import { aPlacement, machineIdOf } from '../../support/view.ts'

/** Two machines of 8Gi on a host of 88Gi, of which 8Gi are the host's own, 24Gi are kept for growth and 32Gi are another guest's. */
const storage = (changes: Partial<StorageSeen> = {}): StorageSeen => ({
  host: 'prod-srv-01',
  name: 'local-zfs',
  content: ['images'],
  active: true,
  shared: false,
  type: 'lvm',
  totalGiB: 900,
  freeGiB: 100,
  ...changes,
})
const guest = (name: string, changes: Partial<GuestSeen> = {}): GuestSeen => ({
  host: 'prod-srv-01',
  vmid: 5000,
  uuid: machineIdOf(name),
  name,
  cpu: 4,
  memoryMiB: 8192,
  running: true,
  macs: [],
  ...changes,
})
const truenas = guest('truenas', { cpu: 6, memoryMiB: 32 * 1024 })
const seen = (changes: Partial<SiteSeen> = {}): SiteSeen => ({
  hosts: [{ name: 'prod-srv-01', online: true, threads: 36, memoryMiB: 88 * 1024, version: '9.2.11' }],
  storages: [storage()],
  bridges: [],
  guests: [truenas, guest('cp-1'), guest('cp-2')],
  machines: [],
  nodes: [],
  ...changes,
})
const ledger = (changes: Partial<Ledger> = {}): Ledger => ({
  site: aSite().spec,
  networks: { lan: aNetwork().spec },
  placements: [aPlacement('cp-1'), aPlacement('cp-2')],
  adopted: [],
  claimed: {},
  seen: seen(),
  ...changes,
})
const size = (name: string, changes: Partial<SizeRequest> = {}): SizeRequest => ({
  machineId: machineIdOf(name),
  cpu: 4,
  memoryMiB: 8192,
  diskGiB: [32],
  ...changes,
})
const GIB = 1024
const answer = (requests: readonly SizeRequest[], of = ledger()) => {
  const { placements, refusals } = resizePlacements(requests, of)
  return {
    changed: placements.map(({ name, cpu, memoryMiB, disks }) => [name, cpu, memoryMiB / GIB, disks[0]?.sizeGiB]),
    refused: refusals.map(({ problem }) => [problem.code, problem.facts['arithmetic']]),
  }
}

describe('resizePlacements', () => {
  test('[P5] grows within what the host has, down to the last of it', () => {
    expect(answer([size('cp-1', { cpu: 8, memoryMiB: 16 * GIB, diskGiB: [64] })])).toEqual({
      changed: [['cp-1', 8, 16, 64]],
      refused: [],
    })
  })

  test('[P5] refuses more with the sum, and the machine keeps what it has', () => {
    expect(answer([size('cp-1', { memoryMiB: 17 * GIB })])).toEqual({
      changed: [],
      refused: [
        [
          'no-capacity',
          'memory 88Gi − 8Gi host − 24Gi growth − 32Gi other guests − 16Gi placed = 8Gi free, needed 9Gi more',
        ],
      ],
    })
  })

  test('[P5] judges each machine on its own, and what one gives back is there for the next', () => {
    const both = [size('cp-1', { memoryMiB: 18 * GIB }), size('cp-2', { memoryMiB: 6 * GIB })]
    // It is released once the machine has shrunk, so it is seen smaller by then.
    const shrunk = ledger({ seen: seen({ guests: [truenas, guest('cp-1'), guest('cp-2', { memoryMiB: 6 * GIB })] }) })
    expect(answer(both, shrunk).changed).toEqual([
      ['cp-2', 4, 6, 32],
      ['cp-1', 4, 18, 32],
    ])
    const greedy = [size('cp-1', { memoryMiB: 16 * GIB }), size('cp-2', { memoryMiB: 16 * GIB })]
    expect([answer(greedy).changed.length, answer(greedy).refused.length]).toEqual([1, 1])
  })

  test('[P5] what somebody gave a machine by hand is in use, too', () => {
    const raised = ledger({ seen: seen({ guests: [truenas, guest('cp-1'), guest('cp-2', { memoryMiB: 10 * GIB })] }) })
    const most = size('cp-1', { memoryMiB: 14 * GIB })
    expect(answer([most], raised).changed).toHaveLength(1)
    expect(answer([{ ...most, memoryMiB: 14 * GIB + 1 }], raised).refused).toHaveLength(1)
  })

  test('[P5] who draws from a reservation may use it up', () => {
    const drawing = ledger({ placements: [aPlacement('cp-1', { drawFrom: 'growth' }), aPlacement('cp-2')] })
    expect(answer([size('cp-1', { memoryMiB: 40 * GIB })], drawing).changed).toEqual([['cp-1', 4, 40, 32]])
    expect(answer([size('cp-1', { memoryMiB: 41 * GIB })], drawing).refused).toHaveLength(1)
  })

  test('[P5] a disk grows while its storage has room, thick ones with a margin, both growths of a call counted', () => {
    expect(answer([size('cp-1', { diskGiB: [122] })]).changed).toHaveLength(1)
    expect(answer([size('cp-1', { diskGiB: [123] })]).refused).toEqual([
      ['no-capacity', 'storage local-zfs 100Gi free − 0Gi promised = 100Gi, needed 91Gi + 10% = 101Gi'],
    ])
    expect(answer([size('cp-1', { diskGiB: [82] }), size('cp-2', { diskGiB: [82] })]).refused).toHaveLength(1)
    const thin = ledger({ seen: seen({ storages: [storage({ type: 'zfspool', totalGiB: 100 })] }) })
    expect(answer([size('cp-1', { diskGiB: [118] })], thin).changed).toHaveLength(1)
    expect(answer([size('cp-1', { diskGiB: [119] })], thin).refused).toHaveLength(1)
  })

  test('repeating gives the same, and a machine without a place is nobody', () => {
    const grown = size('cp-1', { memoryMiB: 16 * GIB })
    const after = ledger({ placements: [aPlacement('cp-1', { memoryMiB: 16 * GIB }), aPlacement('cp-2')] })
    expect(answer([grown], after).changed).toEqual([['cp-1', 4, 16, 32]])
    expect(answer([size('cp-9', { memoryMiB: 99 * GIB })])).toEqual({ changed: [], refused: [] })
  })

  test('[P21] a machine that was moved counts, and grows, on the host where it is', () => {
    const site = aSite({
      hosts: ['prod-srv-01', 'prod-srv-02'].map((name) => ({ name, storage: 'local-zfs', imageStorage: 'local' })),
    }).spec
    const hosts = ['prod-srv-01', 'prod-srv-02'].map((name) => ({
      name,
      online: true,
      threads: 16,
      memoryMiB: name === 'prod-srv-01' ? 64 * GIB : 16 * GIB,
      version: '9.2.11',
    }))
    const guests = [guest('cp-1', { host: 'prod-srv-02' }), guest('cp-2')]
    const moved = ledger({ site, seen: seen({ hosts, guests }) })
    const managed = (host: string) =>
      hostCapacity(
        site.hosts.find(({ name }) => name === host)!,
        moved,
      )?.memoryMiB.managed
    expect([managed('prod-srv-01'), managed('prod-srv-02')]).toEqual([8 * GIB, 8 * GIB])
    expect(answer([size('cp-1', { memoryMiB: 13 * GIB })], moved).refused[0]?.[1]).toMatch(/needed 5Gi more$/)
  })
})
