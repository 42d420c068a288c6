import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { makeAuthority, makeCertificates } from './certificates.ts'
import { Cluster } from './cluster.ts'
import { ConfigLocks, StorageLocks } from './config-locks.ts'
import { Door } from './door.ts'
import { Faults } from './faults.ts'
import { setUpLeastPrivilege, type AgentAccess, type AgentAccessOptions } from './least-privilege.ts'
import { Login } from './login.ts'
import { Statistics } from './statistics.ts'
import { PROFILES } from './profile.ts'
import { Storages, type Storage, type Volume } from './storages.ts'
import { Tasks, type Task } from './tasks.ts'
import { guestWentOff, losePower } from './vm-power.ts'
import { Vms, type Vm } from './vm.ts'
import type { ForeignGuest, HostOptions, ProxmoxOptions, SharedOptions, StorageOptions } from './options.ts'
import type { World } from './world.ts'

/** Source: observed; a client must give up an idle connection earlier. */
const KEEP_ALIVE_MS = 5000
const MAX_REQUESTS_PER_CONNECTION = 100

/**
 * A simulated Proxmox VE host. Its guests, disks and tasks live as long as this object, whatever becomes of those who
 * call it. Tests look inside by `guests`, `volumes` and `tasks`, and make trouble by `faults` and the switches.
 */
export interface ProxmoxHost {
  /** `https://127.0.0.1:PORT`; the certificate is good for the host's name, its LAN address and 127.0.0.1. */
  readonly url: string
  readonly port: number
  readonly lanAddress: string
  readonly node: string
  /** The cluster's authority, valid ten years. */
  readonly caPem: string
  readonly faults: Faults
  readonly cluster: Cluster
  readonly world: World
  /** Requests that arrived whole until now, and those of them that are done with. */
  readonly calls: { readonly received: number; readonly answered: number }
  guests(): readonly Vm[]
  volumes(): readonly Volume[]
  tasks(): readonly Task[]
  setUpLeastPrivilege(options?: AgentAccessOptions): AgentAccess
  addForeignGuest(guest: ForeignGuest): void
  /** Offline: connections are cut and new ones refused at once; guests run on. */
  setOnline(online: boolean): void
  /** The power is gone: offline, its guests off, its tasks dead in the middle. `setOnline(true)` brings it back. */
  crash(): Promise<void>
  /** A guest turned itself off. */
  guestWentOff(uuid: string): void
  /** A new certificate of the same authority, as two years after installation. */
  renewCertificate(): Promise<void>
  refreshStatistics(): void
  close(): Promise<void>
}

/** Brings up a host that stands alone, on a port of its own on the loopback interface. */
export async function startProxmox(options: ProxmoxOptions): Promise<ProxmoxHost> {
  const cluster = await makeCluster(undefined, options)
  return startHost(cluster, options, options, new Map())
}

export async function makeCluster(name: string | undefined, shared: SharedOptions): Promise<Cluster> {
  const profile = PROFILES[shared.release ?? '9.2']
  const cluster = new Cluster(name, profile, await makeAuthority(shared.time.now()), shared.rootPassword, shared.time)
  for (const mapping of shared.pciMappings ?? [])
    cluster.mappings.set(mapping.id, { id: mapping.id, description: mapping.description, map: mapping.map })
  return cluster
}

/** A store of a release that cannot import does not say that it takes what is imported. */
const knownTo =
  ({ profile }: Cluster) =>
  (storage: StorageOptions): StorageOptions => ({
    ...storage,
    content: storage.content.filter((content) => profile.imageImport || content !== 'import'),
  })

/** Brings a host up as a member of its cluster. `sharedStorages` are the stores that every member sees. */
export async function startHost(
  cluster: Cluster,
  options: HostOptions,
  shared: SharedOptions,
  sharedStorages: Map<string, Storage>,
): Promise<ProxmoxHost> {
  const names = { hostName: options.hostName, domain: options.domain ?? 'lan', lanAddress: options.lanAddress }
  const { time } = shared
  const world: World = {
    options,
    cluster,
    node: options.hostName,
    line: { online: true },
    access: cluster.access,
    certificates: await makeCertificates(cluster.authority, names, time.now()),
    storages: new Storages(options.storages.map(knownTo(cluster)), sharedStorages),
    bridges: options.bridges,
    stagedBridges: undefined,
    tasks: new Tasks(options.hostName, time),
    vms: new Vms(options.hostName),
    locks: new ConfigLocks(time),
    storageLocks: new StorageLocks(time),
    statistics: new Statistics(),
    time,
    trace: shared.trace,
    guests: shared.guests,
    images: shared.images,
  }
  cluster.worlds.push(world)
  for (const guest of options.foreignGuests ?? []) addForeign(world, guest)
  if (shared.statistics !== 'by-hand') world.statistics.run(world, time)
  const faults = new Faults()
  const door = new Door(world, new Login(cluster.access, cluster.tickets, time), faults)
  const server = createServer(
    { cert: world.certificates.leafPem, key: world.certificates.keyPem },
    (request, response) => {
      void door.handle(request, response)
    },
  )
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION
  const cable = new NetworkCable(server)
  const port = await listen(server)
  const setOnline = (online: boolean): void => {
    world.line.online = online
    cable.plug(online)
  }
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    lanAddress: options.lanAddress,
    node: world.node,
    caPem: world.certificates.caPem,
    faults,
    cluster,
    world,
    calls: door.calls,
    guests: () => world.vms.all(),
    volumes: () => world.storages.all().flatMap((storage) => [...storage.volumes.values()]),
    tasks: () => world.tasks.all(),
    setUpLeastPrivilege: (wanted) => setUpLeastPrivilege(cluster, wanted),
    addForeignGuest: (guest) => addForeign(world, guest),
    setOnline,
    crash: async () => {
      setOnline(false)
      await losePower(world)
    },
    guestWentOff: (uuid) => guestWentOff(world, uuid),
    renewCertificate: async () => {
      world.certificates = await makeCertificates(cluster.authority, names, time.now())
      server.setSecureContext({ cert: world.certificates.leafPem, key: world.certificates.keyPem })
    },
    refreshStatistics: () => world.statistics.refresh(world),
    close: async () => {
      world.statistics.stop()
      cluster.ha.stop()
      cable.plug(false)
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** All connections of a server, so that they can be cut together. */
class NetworkCable {
  readonly #sockets = new Set<Socket>()
  #plugged = true
  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      if (!this.#plugged) {
        socket.destroy()
        return
      }
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }
  plug(plugged: boolean): void {
    this.#plugged = plugged
    if (!plugged) for (const socket of this.#sockets) socket.destroy()
  }
}

function addForeign(world: World, guest: ForeignGuest): void {
  const config = new Map([
    ['name', guest.name],
    ['cores', String(guest.cores)],
    ['memory', String(guest.memoryMiB)],
    ['smbios1', `uuid=${guest.uuid ?? randomUUID()}`],
    ['vmgenid', randomUUID()],
    ['boot', 'order=scsi0'],
    ['scsi0', `local-lvm:vm-${guest.vmid}-disk-0,size=${guest.diskGiB ?? 32}G`],
  ])
  world.vms.add({
    vmid: guest.vmid,
    kind: guest.kind ?? 'qemu',
    foreign: true,
    config,
    pending: new Map(),
    pendingDelete: new Set(),
    snapshots: new Map(),
    running: guest.running ? { pid: 2000 + guest.vmid, sinceMs: world.time.now() } : undefined,
  })
}
