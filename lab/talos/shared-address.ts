import type { TalosCluster } from './cluster.ts'
import { DURATION } from './durations.ts'
import type { TalosNode } from './node.ts'
import type { TalosWorld } from './world.ts'

/**
 * A layer-2 shared address (VIP). It is elected through etcd, so it answers only after bootstrap and from one live
 * control plane; when that one dies, another takes over after the election's time.
 */
export class SharedAddress {
  readonly address: string
  readonly #cluster: TalosCluster
  readonly #world: TalosWorld
  readonly #closed = new AbortController()
  readonly #stop: () => void
  #holder: TalosNode | undefined
  #release: (() => void) | undefined
  #served: string | undefined
  #moving = false

  constructor(address: string, cluster: TalosCluster, world: TalosWorld) {
    this.address = address
    this.#cluster = cluster
    this.#world = world
    this.#stop = world.changes.listen(() => this.#look())
  }

  get holder(): TalosNode | undefined {
    return this.#holder
  }

  close(): void {
    this.#closed.abort()
    this.#stop()
    this.#drop()
  }

  #look(): void {
    if (this.#closed.signal.aborted || this.#moving) return
    const holder = this.#holder
    if (holder && this.#mayHold(holder)) return this.#serve(holder)
    this.#drop()
    const first = holder === undefined
    const next = this.#candidate()
    if (!next) {
      this.#holder = undefined
      return
    }
    if (first) return this.#take(next)
    // The lease of the dead holder runs out first.
    this.#holder = undefined
    this.#moving = true
    void this.#world.time.pass(DURATION.vipMove, this.#closed.signal).then(() => {
      this.#moving = false
      const candidate = this.#candidate()
      if (this.#closed.signal.aborted) return
      if (candidate) this.#take(candidate)
    })
  }

  #mayHold(node: TalosNode): boolean {
    const member = this.#cluster.etcd.member(node.disk?.etcdMember?.memberId)
    const wanted = node.config?.vips.some((vip) => vip.address === this.address) ?? false
    return wanted && this.#cluster.nodes.has(node) && this.#cluster.etcd.hasQuorum() && (member?.running ?? false)
  }

  /** The node whose API server is up already is the best holder, else any that may. */
  #candidate(): TalosNode | undefined {
    const eligible = [...this.#cluster.nodes].filter((node) => this.#mayHold(node))
    return eligible.find((node) => node.apiServer) ?? eligible[0]
  }

  #take(node: TalosNode): void {
    this.#holder = node
    this.#serve(node)
  }

  /** Leads the address to the holder's ports as they are now. */
  #serve(node: TalosNode): void {
    const ports: (readonly [number, number])[] = []
    if (node.apiServer && node.config) ports.push([node.config.apiPort, node.apiServer.port])
    if (node.apidPort !== undefined) ports.push([50_000, node.apidPort])
    const served = `${node.uuid} ${JSON.stringify(ports)}`
    if (served === this.#served) return
    this.#drop()
    this.#served = served
    const { lan } = this.#world
    const releases = [
      lan.claim({ address: this.address, mac: node.mac, owner: node.hostname }),
      ...ports.map(([port, loopbackPort]) => lan.serve(this.address, port, loopbackPort)),
    ]
    this.#release = () => {
      for (const release of releases) release()
    }
  }

  #drop(): void {
    this.#release?.()
    this.#release = undefined
    this.#served = undefined
  }
}
