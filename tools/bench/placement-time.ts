import { mintMachineId, mintUid } from '#core/model/ids.ts'
import type { PlacementRequest } from '#core/model/placement.ts'
import { EMPTY_SEEN } from '#core/model/seen.ts'
import type { HostSpec } from '#core/model/site.ts'
import type { Ledger } from '#core/placement/ledger.ts'
import { place } from '#core/placement/place.ts'

/**
 * How long one call takes that gives a whole site its machines, and how evenly they lie. The optimum is what no
 * placement can go below: all memory asked for over all memory there is, or the same of CPU, or the largest machine on
 * the largest host.
 */
export interface PlacementTime {
  readonly hostCount: number
  readonly machineCount: number
  readonly medianMs: number
  readonly slowestMs: number
  /** Share of the fullest host that is taken, by what is scarcest there. */
  readonly fullest: number
  readonly emptiest: number
  readonly optimum: number
  /** fullest / optimum; 1 is perfect. */
  readonly balance: number
}

const LOOKS = 7
const WARM_UP = 2
const NOW = 1_800_000_000_000
/** What people have: hosts of three sizes, machines of five. */
const HOSTS = [
  { threads: 64, memoryGiB: 256 },
  { threads: 96, memoryGiB: 384 },
  { threads: 128, memoryGiB: 512 },
]
const MACHINES = [
  { cpu: 1, memoryGiB: 4 },
  { cpu: 2, memoryGiB: 8 },
  { cpu: 2, memoryGiB: 4 },
  { cpu: 4, memoryGiB: 12 },
  { cpu: 4, memoryGiB: 16 },
]
const MIB_PER_GIB = 1024

export function timePlacement(hostCount: number, machineCount: number): PlacementTime {
  const ledger = ledgerOf(hostCount)
  const requests = Array.from({ length: machineCount }, (_, index) => requestOf(index))
  const uid = mintUid(NOW, new Uint8Array(11))
  const times: number[] = []
  let answer = place(uid, requests, ledger, randomBytes())
  for (let look = 0; look < WARM_UP + LOOKS; look++) {
    const beganAt = performance.now()
    answer = place(uid, requests, ledger, randomBytes())
    if (look >= WARM_UP) times.push(performance.now() - beganAt)
  }
  if (!answer.ok) throw new Error(`not everything fits: ${answer.refusals[0]?.problem.code}`)
  const { placements } = answer
  times.sort((a, b) => a - b)

  const loads = ledger.seen.hosts.map((host) => {
    const here = placements.filter((placement) => placement.host === host.name)
    return Math.max(
      sum(here.map(({ cpu }) => cpu)) / host.threads,
      sum(here.map(({ memoryMiB }) => memoryMiB)) / host.memoryMiB,
    )
  })
  const optimum = optimumOf(requests, ledger)
  const fullest = Math.max(...loads)
  return {
    hostCount,
    machineCount,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    slowestMs: times.at(-1) ?? 0,
    fullest,
    emptiest: Math.min(...loads),
    optimum,
    balance: fullest / optimum,
  }
}

function optimumOf(requests: readonly PlacementRequest[], { seen: { hosts } }: Ledger): number {
  const [threads, memoryMiB] = [hosts.map((host) => host.threads), hosts.map((host) => host.memoryMiB)]
  return Math.max(
    sum(requests.map(({ cpu }) => cpu)) / sum(threads),
    sum(requests.map((request) => request.memoryMiB)) / sum(memoryMiB),
    ...requests.map((request) =>
      Math.max(request.cpu / Math.max(...threads), request.memoryMiB / Math.max(...memoryMiB)),
    ),
  )
}

/** Nothing is kept for the hosts, so that what is measured is the placement alone. */
function ledgerOf(hostCount: number): Ledger {
  const hosts = Array.from({ length: hostCount }, (_, index) => ({
    name: `pve-${index}`,
    ...HOSTS[index % HOSTS.length]!,
  }))
  const spec = ({ name }: { name: string }): HostSpec => ({
    name,
    reserve: { host: { memory: '1Mi' } },
    storage: 'nvme',
    imageStorage: 'local',
  })
  const storage = (host: string, name: string, content: string) => ({
    host,
    name,
    content: [content],
    active: true,
    shared: false,
    type: 'lvmthin',
    totalGiB: 20_000,
    freeGiB: 20_000,
  })
  return {
    site: { provider: 'proxmox', vmids: '5000-9999', hosts: hosts.map(spec) },
    networks: { lan: { site: 'dc', bridge: 'vmbr0', cidr: '10.0.0.0/20', gateway: '10.0.0.1' } },
    placements: [],
    adopted: [],
    claimed: {},
    seen: {
      ...EMPTY_SEEN,
      hosts: hosts.map(({ name, threads, memoryGiB }) => ({
        name,
        online: true,
        threads,
        memoryMiB: memoryGiB * MIB_PER_GIB + 1,
        version: '9.2.11',
      })),
      storages: hosts.flatMap(({ name }) => [storage(name, 'nvme', 'images'), storage(name, 'local', 'import')]),
      bridges: hosts.map(({ name }) => ({ host: name, name: 'vmbr0' })),
    },
  }
}

function requestOf(index: number): PlacementRequest {
  const { cpu, memoryGiB } = MACHINES[(index * 7) % MACHINES.length]!
  const bytes = Uint8Array.from({ length: 16 }, (_, at) => (index >> (8 * (at % 4))) & 0xff)
  return {
    machineId: mintMachineId(bytes),
    name: `worker-${index}`,
    role: 'worker',
    cpu,
    memoryMiB: memoryGiB * MIB_PER_GIB,
    disks: [{ name: 'talos-system', sizeGiB: 32 }],
    nics: [{ network: 'lan' }],
    devices: [],
  }
}

/** Bytes that never repeat within a call; MACs need no more. */
function randomBytes(): (count: number) => Uint8Array {
  let next = 0
  return (count) => {
    next++
    return Uint8Array.from({ length: count }, (_, at) => (next >> (8 * at)) & 0xff)
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
