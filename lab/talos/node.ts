import { randomUUID } from 'node:crypto'
import type { GuestHardware } from '#lab/guest.ts'
import type { ApiServer } from '../kubernetes/api-server.ts'
import { startMaintenance, startSecure, type Apid } from './apid/server.ts'
import { runBoot } from './boot.ts'
import type { TalosCluster } from './cluster.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { TalosDisk } from './disk.ts'
import { editionOf, type Edition } from './edition.ts'
import { EventLog } from './event-log.ts'
import { checkIdentity } from './identity.ts'
import { Journal } from './journal.ts'
import { StatusReporter, type Stage } from './machine-status.ts'
import { bare, hostnameOf, linksOf, type Link } from './network.ts'
import { NodePorts } from './ports.ts'
import { ResourceTable } from './resource-table.ts'
import { resourcesOf } from './resources/all.ts'
import { shutDown } from './sequences/power.ts'
import { Services } from './services.ts'
import type { InstallProgress } from './unattended-install.ts'
import type { TalosWorld } from './world.ts'

/**
 * One guest running Talos: what it is from power on to power off. It knows its hardware and its disk; everything else
 * it learns from the configuration it is given. Whatever is running ends when the power goes, at any line.
 */
export class TalosNode {
  readonly uuid: string
  readonly world: TalosWorld
  hardware: GuestHardware
  disk: TalosDisk | undefined
  stage: Stage = 'off'
  config: NodeConfig | undefined
  /** Given in maintenance mode, not in use yet. */
  pendingConfig: NodeConfig | undefined
  cluster: TalosCluster | undefined
  services: Services
  resources: ResourceTable
  journal: Journal
  events: EventLog
  bootId = ''
  bootedAt = 0
  timeSynced = false
  /** etcd has begun to wait for a cluster: from now on Bootstrap is heard. */
  etcdWaiting = false
  /** The node sees itself Ready in Kubernetes. */
  nodeReady = false
  /** Of a node that installs itself; undefined for one that was told nothing of it. */
  install: InstallProgress | undefined
  apiServer: ApiServer | undefined
  /** Counts configurations; static pods carry it so that one can see which of them they run. */
  configVersion = 1
  /** Who rules at the moment: one sequence after another, and an upgrade bars a second one. */
  busyWith: string | undefined
  /** Called when the guest turns itself off. */
  onSelfOff: () => void = () => undefined
  readonly #ports: NodePorts
  #apid: Apid | undefined
  #power = new AbortController()
  #wantedOn = false
  #cycle: Promise<void> = Promise.resolve()
  #stopWatching: () => void = () => undefined

  constructor(world: TalosWorld, hardware: GuestHardware) {
    this.world = world
    this.hardware = hardware
    this.uuid = hardware.uuid
    this.#ports = new NodePorts(world)
    this.journal = new Journal(this.#now)
    this.events = new EventLog(this.#now)
    this.services = new Services(this)
    this.resources = new ResourceTable(this.#now, () => [])
  }

  get hostname(): string {
    return hostnameOf(this.hardware, this.config)
  }
  get links(): readonly Link[] {
    return linksOf(this.hardware, this.config)
  }
  /** The node's own address, without prefix. */
  get address(): string {
    return bare(this.links.flatMap((link) => link.addresses)[0] ?? '')
  }
  get mac(): string {
    return this.links[0]?.mac ?? ''
  }
  get edition(): Edition {
    return editionOf(this.disk?.talosVersion ?? '')
  }
  get apid(): Apid | undefined {
    return this.#apid
  }
  get apidPort(): number | undefined {
    return this.#apid?.port
  }
  /** Serves mTLS with the cluster's certificates. */
  get secured(): boolean {
    return this.#apid?.mode === 'secure'
  }
  get on(): boolean {
    return this.stage !== 'off'
  }
  get signal(): AbortSignal {
    return this.#power.signal
  }

  powerOn(hardware: GuestHardware): void {
    this.hardware = hardware
    this.#wantedOn = true
    this.disk = hardware.disk?.image
      ? this.world.disks.open(hardware.disk.id, hardware.disk.image, hardware.installer === undefined)
      : undefined
    this.#start()
  }

  /** Pulls the plug: nothing is said goodbye to. */
  async pullPlug(): Promise<void> {
    this.#wantedOn = false
    await this.#end()
  }

  /** Somebody presses the power button. */
  async shutDown(): Promise<void> {
    await shutDown(this, '')
  }

  /** The guest turns itself off, because its API said so. */
  async turnOff(): Promise<void> {
    await this.pullPlug()
    this.onSelfOff()
  }

  /** Begins the next power cycle, unless the hypervisor pulled the plug meanwhile. */
  async restart(): Promise<void> {
    await this.#end()
    if (this.#wantedOn) this.#start()
  }

  setStage(stage: Stage): void {
    this.stage = stage
    this.changed()
  }
  changed(): void {
    this.world.changes.bump()
  }

  /** A checked configuration arrives in maintenance mode; it is on disk before the caller hears so. */
  takeConfig(config: NodeConfig): void {
    checkIdentity(this, config)
    if (this.disk) this.disk.config = config.source
    this.pendingConfig = config
    // Another configuration is refused from here on.
    this.setStage('booting')
  }

  /** A checked configuration that needs no reboot replaces the one in use. */
  async adoptConfig(config: NodeConfig, persist: boolean): Promise<void> {
    checkIdentity(this, config)
    if (persist && this.disk) this.disk.config = config.source
    this.config = config
    this.configVersion += 1
    this.configureNetwork()
    await this.#apid?.renew?.()
    this.changed()
  }

  /** Takes the node's addresses on the LAN and leads its ports to what listens. */
  configureNetwork(): void {
    const { apiServer, config } = this
    this.#ports.take(this.hostname, this.links, {
      apid: this.#apid?.port,
      api: apiServer && config ? [config.apiPort, apiServer.port] : undefined,
    })
  }

  setApiServer(server: ApiServer | undefined): void {
    this.apiServer = server
    this.configureNetwork()
    this.changed()
  }

  /** Serves its API: to anybody in maintenance mode, to the cluster's own afterwards, or to nobody. */
  async serve(mode: Apid['mode'] | 'nobody', signal: AbortSignal): Promise<void> {
    await this.#apid?.close()
    this.#apid = mode === 'nobody' ? undefined : await (mode === 'secure' ? startSecure(this) : startMaintenance(this))
    if (signal.aborted) await this.#apid?.close()
    signal.throwIfAborted()
    this.configureNetwork()
    this.changed()
  }

  readonly #now = (): number => this.world.time.now()

  #start(): void {
    this.#power = new AbortController()
    const { signal } = this.#power
    this.bootId = randomUUID()
    this.bootedAt = this.#now()
    this.timeSynced = false
    this.etcdWaiting = false
    this.nodeReady = false
    this.install = undefined
    this.pendingConfig = undefined
    this.config = undefined
    this.busyWith = undefined
    this.journal = new Journal(this.#now)
    this.events = new EventLog(this.#now)
    this.services = new Services(this)
    const resources = new ResourceTable(this.#now, () => resourcesOf(this))
    this.resources = resources
    const status = new StatusReporter(this)
    this.#stopWatching = this.world.changes.listen(() => {
      resources.changed()
      status.look()
    })
    this.setStage('booting')
    this.#cycle = runBoot(this, signal).catch((error: unknown) => {
      // Losing the power in the middle is the normal end of a cycle; anything else is a bug in the lab.
      if (!signal.aborted) throw error
    })
  }

  async #end(): Promise<void> {
    this.#power.abort()
    this.setStage('off')
    await this.#teardown()
  }

  /** Everything this power cycle held is let go; etcd and Kubernetes notice by themselves. */
  async #teardown(): Promise<void> {
    this.#stopWatching()
    this.#ports.release()
    const { cluster, disk, apiServer } = this
    const apid = this.#apid
    this.apiServer = undefined
    this.#apid = undefined
    this.cluster = undefined
    this.resources.end()
    this.events.end()
    this.journal.end()
    if (cluster) {
      if (disk?.etcdMember) cluster.etcd.setRunning(disk.etcdMember.memberId, false)
      cluster.leave(this)
      cluster.kubernetes.kubeletSilent(this.hostname)
    }
    await Promise.all([apid?.close('abruptly'), apiServer?.close()])
    await this.#cycle
  }
}
