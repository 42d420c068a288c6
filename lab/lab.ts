import { bareHardware, type BareMachines } from './bare-machines.ts'
import { startFactory } from './factory/factory.ts'
import { makeTrouble, type FaultRequest } from './faults.ts'
import { Lan } from './lan/lan.ts'
import { LanNetworks, type LanNetwork } from './lan/networks.ts'
import { startSocksServer } from './lan/socks-server.ts'
import type { ProxmoxHost } from './proxmox/host.ts'
import type { HostOptions, ProxmoxOptions, SharedOptions } from './proxmox/options.ts'
import { startSites, type LabSite } from './sites.ts'
import type { TalosCluster } from './talos/cluster.ts'
import { talosGuests } from './talos/guest-runtime.ts'
import type { TalosNode } from './talos/node.ts'
import type { Violation } from './talos/violations.ts'
import { TalosWorld } from './talos/world.ts'
import { labTime } from './time.ts'
import { Trace } from './trace.ts'
import type { Result } from '#core/base/result.ts'

/**
 * A site in software: Proxmox hosts, alone or in clusters, their LAN behind a SOCKS5 server, an Image Factory, and Talos in every guest
 * that is made there. It lives in this process and leaves nothing behind when closed.
 */
export interface Lab {
  readonly rate: number
  /** The only way in: `socks5://127.0.0.1:PORT`. Addresses beyond it are those of the LAN. */
  readonly socksUrl: string
  readonly socksPort: number
  /** The first hypervisor, or cluster of hypervisors, of the site. */
  readonly site: ProxmoxSite
  /** All of them: each a host that stands alone, or a cluster. */
  readonly sites: readonly ProxmoxSite[]
  /** Behind the SOCKS server, and known to the hypervisor's downloads. */
  readonly factoryUrl: string
  /** Where the factory listens on the loopback, for those in this process. */
  readonly factoryPort: number
  readonly lan: Lan
  /** The first of `hypervisors`. */
  readonly hypervisor: ProxmoxHost
  readonly hypervisors: readonly ProxmoxHost[]
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
  /** The host that stands alone, or the cluster. */
  readonly name: string
  readonly url: string
  /** Every host of the cluster. */
  readonly urls: readonly string[]
  readonly caPem: string
  readonly tokenId: string
  readonly tokenSecret: string
  readonly pool: string
}

/** A host that stands alone, or a cluster when it has a name. */
export type { LabSite } from './sites.ts'

export interface LabOptions {
  /** Durations of the simulated world are divided by this. */
  readonly rate: number
  /** Departures from the default host. */
  readonly host?: Partial<Omit<ProxmoxOptions, 'time' | 'trace' | 'guests' | 'images'>>
  /** In place of the default host: hosts that stand alone, and clusters. Their LAN addresses must differ. */
  readonly sites?: readonly LabSite[]
  /** Bridges and VLANs on which a DHCP server answers; none when not given. */
  readonly networks?: readonly LanNetwork[]
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
} as const satisfies HostOptions

/** What of the departures belongs to a cluster rather than to a host. */
const sharedOf = (
  host: LabOptions['host'] = {},
): Partial<Omit<SharedOptions, 'time' | 'trace' | 'guests' | 'images'>> => ({
  ...(host.release === undefined ? {} : { release: host.release }),
  ...(host.rootPassword === undefined ? {} : { rootPassword: host.rootPassword }),
  ...(host.statistics === undefined ? {} : { statistics: host.statistics }),
  ...(host.pciMappings === undefined ? {} : { pciMappings: host.pciMappings }),
})

export async function startLab(options: LabOptions): Promise<Lab> {
  const time = labTime(options.rate)
  const trace = new Trace()
  const lan = new Lan()
  const world = new TalosWorld({ lan, time, trace, ...(options.bindings ? { bindings: options.bindings } : {}) })
  const factory = await startFactory({ hostNames: [FACTORY_NAME, 'factory.talos.dev'] })
  const guests = talosGuests(world, {
    networks: new LanNetworks(options.networks ?? []),
    extensionsOf: (schematic) => factory.extensionsOf(schematic),
  })
  const running = await startSites(
    options.sites ?? [{ hosts: [{ ...DEFAULT_HOST, ...options.host }], ...sharedOf(options.host) }],
    { time, trace, guests, images: factory.images },
  )
  const hypervisors = running.flatMap(({ hosts }) => hosts)
  const [hypervisor] = hypervisors
  const [site] = running
  if (!hypervisor || !site) throw new Error('a lab needs a hypervisor')
  guests.onOff((uuid) => {
    for (const each of hypervisors) each.guestWentOff(uuid)
  })
  const socks = await startSocksServer(lan, options.rate)

  for (const [index, host] of hypervisors.entries()) {
    lan.claim({ address: host.lanAddress, mac: `3c:ec:ef:00:00:${(16 + index).toString(16)}`, owner: host.node })
    lan.serve(host.lanAddress, 8006, host.port)
    lan.name(host.node, host.lanAddress)
  }
  lan.claim({ address: LAN_FACTORY, mac: '00:0d:b9:00:00:02', owner: FACTORY_NAME })
  lan.serve(LAN_FACTORY, 80, factory.port)
  lan.name(FACTORY_NAME, LAN_FACTORY)
  for (const neighbour of NEIGHBOURS) lan.claim(neighbour)
  if (options.machines) for (const hardware of bareHardware(options.machines)) guests.powerOn(hardware)

  return {
    rate: options.rate,
    socksUrl: socks.url,
    socksPort: socks.port,
    site: site.site,
    sites: running.map((each) => each.site),
    factoryUrl: `http://${FACTORY_NAME}`,
    factoryPort: factory.port,
    lan,
    hypervisor,
    hypervisors,
    trace,
    nodes: () => guests.nodes(),
    clusters: () => world.clusters(),
    violations: () => world.violations.all(),
    faults: { make: (request) => makeTrouble({ lan, hypervisors, guests }, request) },
    async close() {
      await guests.close()
      await Promise.all([socks.close(), ...hypervisors.map((each) => each.close()), factory.close()])
    },
  }
}
