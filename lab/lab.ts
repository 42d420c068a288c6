import { bareHardware, type BareMachines } from './bare-machines.ts'
import { startFactory } from './factory/factory.ts'
import { makeTrouble, type FaultRequest } from './faults.ts'
import { Lan } from './lan/lan.ts'
import { startSocksServer } from './lan/socks-server.ts'
import { startProxmox, type ProxmoxHost } from './proxmox/host.ts'
import type { ProxmoxOptions } from './proxmox/options.ts'
import type { TalosCluster } from './talos/cluster.ts'
import { talosGuests } from './talos/guest-runtime.ts'
import type { TalosNode } from './talos/node.ts'
import type { Violation } from './talos/violations.ts'
import { TalosWorld } from './talos/world.ts'
import { labTime } from './time.ts'
import { Trace } from './trace.ts'
import type { Result } from '#core/base/result.ts'

/**
 * A site in software: one Proxmox host, its LAN behind a SOCKS5 server, an Image Factory, and Talos in every guest
 * that is made there. It lives in this process and leaves nothing behind when closed.
 */
export interface Lab {
  readonly rate: number
  /** The only way in: `socks5://127.0.0.1:PORT`. Addresses beyond it are those of the LAN. */
  readonly socksUrl: string
  readonly socksPort: number
  readonly site: ProxmoxSite
  /** Behind the SOCKS server, and known to the hypervisor's downloads. */
  readonly factoryUrl: string
  readonly lan: Lan
  readonly hypervisor: ProxmoxHost
  readonly trace: Trace
  /** Every Talos guest that was powered on and not erased since. */
  nodes(): readonly TalosNode[]
  /** By cluster id of the machine configurations; etcd and Kubernetes of each can be looked into. */
  clusters(): readonly TalosCluster[]
  violations(): readonly Violation[]
  readonly faults: { make(request: FaultRequest): Promise<Result<undefined, string>> }
  close(): Promise<void>
}

/** What an agent needs to know of the hypervisor. */
export interface ProxmoxSite {
  readonly url: string
  readonly caPem: string
  readonly tokenId: string
  readonly tokenSecret: string
  readonly pool: string
}

export interface LabOptions {
  /** Durations of the simulated world are divided by this. */
  readonly rate: number
  /** Departures from the default host. */
  readonly host?: Partial<Omit<ProxmoxOptions, 'time' | 'trace' | 'guests' | 'images'>>
  /** Groups bound to cluster roles in every Kubernetes of the lab. */
  readonly bindings?: readonly { readonly group: string; readonly role: string }[]
  /** Talos machines that are on from the beginning, without a hypervisor. */
  readonly machines?: BareMachines
}

const GIB = 1024 ** 3
const LAN_HOST = '192.168.1.10'
const LAN_FACTORY = '192.168.1.2'
const FACTORY_NAME = 'factory.lab'
/** Machines of the house that are none of our business, but whose addresses are taken. */
const NEIGHBOURS = [
  { address: '192.168.1.1', mac: '00:0d:b9:00:00:01', owner: 'gateway' },
  { address: '192.168.1.20', mac: 'bc:24:11:64:00:01', owner: 'truenas' },
]

/** The host of the first story in the users' guide: room for a NAS that was there before, and for a small cluster. */
const DEFAULT_HOST = {
  hostName: 'prod-srv-01',
  lanAddress: LAN_HOST,
  threads: 36,
  memoryMiB: 88 * 1024,
  bridges: [{ name: 'vmbr0', port: 'eno1', cidr: `${LAN_HOST}/24` }],
  storages: [
    { name: 'local', type: 'dir', content: ['iso', 'import', 'vztmpl'], totalBytes: 94 * GIB },
    { name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'], totalBytes: 900 * GIB },
  ],
  foreignGuests: [
    {
      vmid: 100,
      name: 'truenas',
      cores: 6,
      memoryMiB: 32 * 1024,
      diskGiB: 32,
      running: true,
      uuid: '7d1c5a52-4f0e-4a39-9c55-2f6f3c1d0a64',
    },
  ],
} as const satisfies Omit<ProxmoxOptions, 'time' | 'trace' | 'guests' | 'images'>

export async function startLab(options: LabOptions): Promise<Lab> {
  const time = labTime(options.rate)
  const trace = new Trace()
  const lan = new Lan()
  const world = new TalosWorld({ lan, time, trace, ...(options.bindings ? { bindings: options.bindings } : {}) })
  const guests = talosGuests(world)
  const factory = await startFactory({ hostNames: [FACTORY_NAME, 'factory.talos.dev'] })
  const hypervisor = await startProxmox({
    ...DEFAULT_HOST,
    ...options.host,
    time,
    trace,
    guests,
    images: factory.images,
  })
  guests.onOff((uuid) => hypervisor.guestWentOff(uuid))
  const access = hypervisor.setUpLeastPrivilege()
  const socks = await startSocksServer(lan, options.rate)

  lan.claim({ address: hypervisor.lanAddress, mac: '3c:ec:ef:00:00:10', owner: hypervisor.node })
  lan.serve(hypervisor.lanAddress, 8006, hypervisor.port)
  lan.name(hypervisor.node, hypervisor.lanAddress)
  lan.claim({ address: LAN_FACTORY, mac: '00:0d:b9:00:00:02', owner: FACTORY_NAME })
  lan.serve(LAN_FACTORY, 80, factory.port)
  lan.name(FACTORY_NAME, LAN_FACTORY)
  for (const neighbour of NEIGHBOURS) lan.claim(neighbour)
  if (options.machines) for (const hardware of bareHardware(options.machines)) guests.powerOn(hardware)

  return {
    rate: options.rate,
    socksUrl: socks.url,
    socksPort: socks.port,
    site: {
      url: `https://${hypervisor.lanAddress}:8006`,
      caPem: hypervisor.caPem,
      tokenId: access.tokenId,
      tokenSecret: access.secret,
      pool: access.pool,
    },
    factoryUrl: `http://${FACTORY_NAME}`,
    lan,
    hypervisor,
    trace,
    nodes: () => guests.nodes(),
    clusters: () => world.clusters(),
    violations: () => world.violations.all(),
    faults: { make: (request) => makeTrouble({ lan, hypervisor, guests }, request) },
    async close() {
      await guests.close()
      await Promise.all([socks.close(), hypervisor.close(), factory.close()])
    },
  }
}
