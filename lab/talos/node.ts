import { randomUUID } from 'node:crypto'
import type { GuestHardware } from '#lab/guest.ts'
import type { ApiServer } from '../kubernetes/api-server.ts'
import { startMaintenance, startSecure, type Apid } from './apid/server.ts'
import type { TalosCluster } from './cluster.ts'
import type { NodeConfig } from './config/node-config.ts'
import { readConfig } from './config/read-config.ts'
import type { TalosDisk } from './disk.ts'
import { DURATION } from './durations.ts'
import { checkIdentity } from './identity.ts'
import { bare, hostnameOf, linksOf, type Link } from './network.ts'
import { NodePorts } from './ports.ts'
import { ResourceTable } from './resource-table.ts'
import { resourcesOf } from './resources.ts'
import { runConfigured } from './run-configured.ts'
import { Services } from './services.ts'
import type { TalosWorld } from './world.ts'

export type Stage = 'off' | 'booting' | 'maintenance' | 'running' | 'rebooting' | 'shutting down' | 'resetting'

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
  cluster: TalosCluster | undefined
  services: Services
  resources: ResourceTable
  bootId = ''
  timeSynced = false
  /** etcd has begun to wait for a cluster: from now on Bootstrap is heard. */
  etcdWaiting = false
  /** The node sees itself Ready in Kubernetes. */
  nodeReady = false
  apiServer: ApiServer | undefined
  /** Counts configurations; static pods carry it so that one can see which of them they run. */
  configVersion = 1
  /** Called when the guest turns itself off. */
  onSelfOff: () => void = () => undefined
  readonly #ports: NodePorts
  #apid: Apid | undefined
  #power = new AbortController()
  #wantedOn = false
  #cycle: Promise<void> = Promise.resolve()
  #pending: NodeConfig | undefined
  #stopWatching: () => void = () => undefined

  constructor(world: TalosWorld, hardware: GuestHardware) {
    this.world = world
    this.hardware = hardware
    this.uuid = hardware.uuid
    this.#ports = new NodePorts(world)
    this.services = new Services(world.changes, () => world.time.now())
    this.resources = new ResourceTable(() => world.time.now())
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
      ? this.world.disks.open(hardware.disk.id, hardware.disk.image.talosVersion)
      : undefined
    this.#start()
  }

  /** Pulls the plug: nothing is said goodbye to. */
  async pullPlug(): Promise<void> {
    this.#wantedOn = false
    await this.#end()
  }

  async shutDown(): Promise<void> {
    if (!this.on) return
    const { signal } = this
    this.setStage('shutting down')
    await this.world.time.pass(DURATION.shutdown, signal)
    // Who pulled the plug meanwhile may also have put it back; that is another cycle.
    if (!signal.aborted) await this.pullPlug()
  }

  /** The guest turns itself off, because its API said so. */
  async turnOff(): Promise<void> {
    await this.shutDown()
    if (!this.on) this.onSelfOff()
  }

  async #end(): Promise<void> {
    this.#power.abort()
    this.setStage('off')
    await this.#teardown()
  }

  async reboot(): Promise<void> {
    const { signal } = this
    this.setStage('rebooting')
    await this.world.time.pass(DURATION.shutdown, signal)
    if (signal.aborted) return
    await this.#end()
    // The hypervisor may have pulled the plug meanwhile.
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
    this.#pending = config
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

  async secure(): Promise<void> {
    await this.#apid?.close()
    this.#apid = await startSecure(this)
    if (this.signal.aborted) {
      await this.#apid.close()
      return
    }
    this.configureNetwork()
    this.changed()
  }

  #start(): void {
    this.#power = new AbortController()
    const { signal } = this.#power
    this.bootId = randomUUID()
    this.timeSynced = false
    this.etcdWaiting = false
    this.nodeReady = false
    this.#pending = undefined
    this.config = undefined
    this.services.clear()
    this.resources = new ResourceTable(() => this.world.time.now())
    const refresh = () => this.resources.refresh(resourcesOf(this))
    this.#stopWatching = this.world.changes.listen(refresh)
    this.setStage('booting')
    this.#cycle = this.#run(signal).catch((error: unknown) => {
      // Losing the power in the middle is the normal end of a cycle; anything else is a bug in the lab.
      if (!signal.aborted) throw error
    })
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (!this.disk?.bootable) return
    await this.world.busy('node.boot', this.hardware.name, DURATION.boot, signal)
    if (this.disk.staged !== undefined) {
      this.disk.config = this.disk.staged
      this.disk.staged = undefined
    }
    for (const id of ['machined', 'containerd', 'udevd', 'syslogd']) this.services.set(id, 'Running', 'Started task')
    // What STATE holds was checked when it was written; if it is good no more, the node asks for another.
    const saved = this.disk.config === undefined ? undefined : readConfig(this.disk.config, this.world.time.now())
    let config = saved?.ok ? saved.value.config : undefined
    if (!config) {
      config = await this.#maintain(signal)
      await this.world.busy('node.configure', this.hardware.name, DURATION.configure, signal)
    }
    this.config = config
    this.configureNetwork()
    await runConfigured(this, config, signal)
  }

  /** Waits in maintenance mode for a configuration. */
  async #maintain(signal: AbortSignal): Promise<NodeConfig> {
    this.#apid = await startMaintenance(this)
    if (signal.aborted) await this.#apid.close()
    signal.throwIfAborted()
    this.configureNetwork()
    this.setStage('maintenance')
    await this.world.changes.until(() => this.#pending !== undefined, signal)
    await this.world.busy('maintenance.end', this.hardware.name, DURATION.maintenanceGrace, signal)
    await this.#apid.close()
    this.#apid = undefined
    this.configureNetwork()
    if (!this.#pending) throw new Error('a node leaves maintenance only with a configuration')
    return this.#pending
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
    if (cluster) {
      if (disk?.etcdMember) cluster.etcd.setRunning(disk.etcdMember.memberId, false)
      cluster.leave(this)
      cluster.kubernetes.kubeletSilent(this.hostname)
    }
    await Promise.all([apid?.close('abruptly'), apiServer?.close()])
    await this.#cycle
  }
}
