import { KubernetesCluster } from '../kubernetes/cluster.ts'
import { addBuiltInRoles, bindGroup } from '../kubernetes/rbac.ts'
import { Etcd } from './etcd.ts'
import type { TalosNode } from './node.ts'
import { SharedAddress } from './shared-address.ts'
import type { TalosWorld } from './world.ts'

/**
 * What the nodes with one cluster id share: etcd, Kubernetes and the shared addresses. Nodes come and go; this stays
 * as long as any disk holds a part of its etcd.
 */
export class TalosCluster {
  readonly id: string
  readonly nodes = new Set<TalosNode>()
  readonly #world: TalosWorld
  readonly #bindings: readonly { readonly group: string; readonly role: string }[]
  readonly #shared = new Map<string, SharedAddress>()
  #etcd: Etcd
  #kubernetes: KubernetesCluster

  constructor(id: string, world: TalosWorld, bindings: readonly { readonly group: string; readonly role: string }[]) {
    this.id = id
    this.#world = world
    this.#bindings = bindings
    this.#etcd = new Etcd(world.changes)
    this.#kubernetes = this.#emptyKubernetes()
  }

  get etcd(): Etcd {
    return this.#etcd
  }
  get kubernetes(): KubernetesCluster {
    return this.#kubernetes
  }

  /** Whether etcd data of this cluster exists on a disk other than the given one. */
  hasDataElsewhere(diskId: string): boolean {
    return this.#world.disks.some((disk) => disk.id !== diskId && disk.etcdMember?.clusterId === this.id)
  }

  /** Starts an empty etcd and Kubernetes with this node as first member. */
  bootstrap(node: TalosNode): bigint {
    this.#etcd = new Etcd(this.#world.changes)
    this.#kubernetes.close()
    this.#kubernetes = this.#emptyKubernetes()
    const member = this.#etcd.bootstrap(node.uuid, node.hostname, node.address)
    this.#etcd.setRunning(member.id, false)
    return member.id
  }

  /** Nodes whose API server answers. */
  apiServers(): readonly TalosNode[] {
    return [...this.nodes].filter((node) => node.apiServer !== undefined)
  }
  apiAnswers(): boolean {
    return this.#etcd.hasQuorum() && this.apiServers().length > 0
  }

  /** A control plane whose trustd would sign for a worker with this token. */
  signerFor(machineToken: string): TalosNode | undefined {
    return [...this.nodes].find(
      (node) => node.config?.controlPlane && node.secured && node.config.machineToken === machineToken,
    )
  }

  join(node: TalosNode): void {
    this.nodes.add(node)
    for (const vip of node.config?.vips ?? [])
      if (!this.#shared.has(vip.address))
        this.#shared.set(vip.address, new SharedAddress(vip.address, this, this.#world))
    this.#world.changes.bump()
  }

  leave(node: TalosNode): void {
    this.nodes.delete(node)
    this.#world.changes.bump()
  }

  /** Who holds each shared address at the moment. */
  holders(): ReadonlyMap<string, string | undefined> {
    return new Map([...this.#shared].map(([address, shared]) => [address, shared.holder?.hostname]))
  }

  close(): void {
    for (const shared of this.#shared.values()) shared.close()
    this.#kubernetes.close()
  }

  #emptyKubernetes(): KubernetesCluster {
    const kubernetes = new KubernetesCluster(this.#world.time)
    addBuiltInRoles(kubernetes.store)
    for (const { group, role } of this.#bindings) bindGroup(kubernetes.store, group, role)
    kubernetes.storageHealthy = () => this.#etcd.hasQuorum()
    return kubernetes
  }
}
