import { parseAllDocuments } from 'yaml'
import type { LabTime } from '#lab/time.ts'
import { nodeObject, type NodeFacts, type Readiness } from './node-object.ts'
import { ObjectStore, type KubeObject, type ObjectDraft } from './objects.ts'
import { podObject, type PodFacts } from './pod-object.ts'
import { findResource } from './resources.ts'
import { replicaSetName, Workloads, type WorkloadWish } from './workloads.ts'

/** No heartbeat for this long makes a node's state unknown (the node controller's grace period). */
const NODE_LOST_MS = 40_000
/** CoreDNS is scheduled, pulled and ready this long after there is a node to run it. */
const CORE_DNS_MS = 10_000
const CORE_DNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.14.4'
const CORE_DNS_REPLICAS = 2
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

interface KnownNode {
  facts: NodeFacts
  readiness: Readiness
  since: number
  cordoned: boolean
}

/**
 * One Kubernetes cluster: the objects behind its API servers and the few controllers that move them. Kubelets tell it
 * what they run; it never reaches into a node. It lives as long as its etcd does, whichever API server is up.
 */
export class KubernetesCluster {
  readonly store: ObjectStore
  readonly #workloads: Workloads
  readonly #time: LabTime
  readonly #nodes = new Map<string, KnownNode>()
  readonly #lost = new Map<string, AbortController>()
  readonly #closed = new AbortController()
  #coreDns: 'off' | 'wanted' | 'starting' | 'up' = 'off'
  /** Whether the store can be read and written: etcd has a quorum. Set by whoever owns the etcd. */
  storageHealthy: () => boolean = () => true

  constructor(time: LabTime) {
    this.#time = time
    this.store = new ObjectStore(() => time.now())
    this.#workloads = new Workloads(this.store)
    for (const name of NAMESPACES)
      this.store.put('namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      })
    this.store.watch(this.store.version, ({ type, resource, object }) => {
      const isDns = resource === 'pods' && object.metadata.labels?.['k8s-app'] === 'kube-dns'
      if (type === 'DELETED' && isDns) this.#replaceCoreDns()
    })
  }

  /** An evicted replica is made anew, on a node that takes pods. */
  #replaceCoreDns(): void {
    if (this.#coreDns !== 'up') return
    this.#coreDns = 'wanted'
    void this.#startCoreDns()
  }

  nodes(): readonly KubeObject[] {
    return this.store.list('nodes')
  }

  /** A kubelet registers its node, or comes back after a restart. */
  registerNode(facts: NodeFacts): void {
    this.#heard(facts.name)
    const cordoned = this.#nodes.get(facts.name)?.cordoned ?? false
    this.#nodes.set(facts.name, {
      facts,
      cordoned,
      readiness: { status: 'False', message: 'container runtime network not ready: NetworkReady=false' },
      since: this.#time.now(),
    })
    this.#publish(facts.name)
  }

  isRegistered(name: string): boolean {
    return this.#nodes.has(name)
  }

  setReadiness(name: string, readiness: Readiness): void {
    const node = this.#nodes.get(name)
    if (!node) return
    this.#heard(name)
    if (JSON.stringify(node.readiness) === JSON.stringify(readiness)) return
    node.readiness = readiness
    node.since = this.#time.now()
    this.#publish(name)
    // What was bound to a node that was away runs again.
    if (readiness.status === 'True') for (const pod of this.#podsOf(name)) this.store.put('pods', withReady(pod, true))
    void this.#startCoreDns()
  }

  /** The kubelet fell silent; the node controller notices after its grace period. */
  kubeletSilent(name: string): void {
    if (!this.#nodes.has(name) || this.#lost.has(name)) return
    const heard = new AbortController()
    this.#lost.set(name, heard)
    const signal = AbortSignal.any([heard.signal, this.#closed.signal])
    void this.#time.pass(NODE_LOST_MS, signal).then(() => {
      if (signal.aborted) return
      this.#lost.delete(name)
      const node = this.#nodes.get(name)
      if (!node) return
      node.readiness = { status: 'Unknown' }
      node.since = this.#time.now()
      this.#publish(name)
      for (const pod of this.#podsOf(name)) this.store.put('pods', withReady(pod, false))
    })
  }

  setCordoned(name: string, cordoned: boolean): void {
    const node = this.#nodes.get(name)
    if (!node) return
    node.cordoned = cordoned
    this.#publish(name)
    void this.#startCoreDns()
  }

  /** Somebody deletes the Node object; its pods go with it. A living kubelet registers again only when it restarts. */
  deleteNode(name: string): void {
    this.#heard(name)
    this.#nodes.delete(name)
    for (const pod of this.#podsOf(name)) this.store.delete('pods', pod.metadata.name, pod.metadata.namespace)
    if (this.#coreDns === 'up') this.#coreDns = 'wanted'
    void this.#startCoreDns()
  }

  putPod(facts: PodFacts): void {
    this.store.put('pods', podObject(facts, this.#time.now()))
  }
  removePod(name: string): void {
    this.store.delete('pods', name, 'kube-system')
  }

  /** A set of pods of Talos' own manifests; asking again changes nothing. */
  wantWorkload(wish: WorkloadWish): void {
    this.#workloads.want(wish)
  }

  wantCoreDns(): void {
    const wish = { name: 'coredns', app: 'kube-dns', image: CORE_DNS_IMAGE, replicas: CORE_DNS_REPLICAS }
    this.wantWorkload({ kind: 'Deployment', ...wish })
    if (this.#coreDns === 'off') this.#coreDns = 'wanted'
    void this.#startCoreDns()
  }

  /** Creates what is not there yet, as Talos does with the manifests of its configuration. Kinds that nobody would follow are skipped. */
  applyManifests(yamlText: string): void {
    const documents = parseAllDocuments(yamlText)
    if (!Array.isArray(documents)) return
    for (const document of documents) {
      const body: unknown = document.toJS({ maxAliasCount: 0 })
      if (!isDraft(body)) continue
      const resource = findResource(body.apiVersion, body.kind)
      // Nothing here would make the pods of a set that somebody brings along.
      if (
        resource &&
        resource.group !== 'apps' &&
        !this.store.find(resource.plural, body.metadata.name, body.metadata.namespace)
      )
        this.store.put(resource.plural, body)
    }
  }

  close(): void {
    this.#closed.abort()
  }

  #heard(name: string): void {
    this.#lost.get(name)?.abort()
    this.#lost.delete(name)
  }

  #publish(name: string): void {
    const node = this.#nodes.get(name)
    if (node) this.store.put('nodes', nodeObject(node.facts, node.readiness, node.cordoned, node.since))
  }

  #podsOf(nodeName: string): readonly KubeObject[] {
    return this.store.list('pods').filter((pod) => specOf(pod)['nodeName'] === nodeName)
  }

  async #startCoreDns(): Promise<void> {
    if (this.#coreDns !== 'wanted' || this.#hosts().length === 0) return
    this.#coreDns = 'starting'
    await this.#time.pass(CORE_DNS_MS, this.#closed.signal)
    const hosts = this.#hosts()
    if (this.#closed.signal.aborted || hosts.length === 0) {
      this.#coreDns = 'wanted'
      return
    }
    for (let replica = 0; replica < CORE_DNS_REPLICAS; replica += 1) {
      const host = hosts[replica % hosts.length]
      if (!host) continue
      this.putPod({
        name: `${replicaSetName('coredns')}-${['r4xqz', 'w2b7k'][replica] ?? replica}`,
        app: 'kube-dns',
        owner: { kind: 'ReplicaSet', name: replicaSetName('coredns') },
        image: CORE_DNS_IMAGE,
        nodeName: host.facts.name,
        hostIp: host.facts.address,
        podIp: host.facts.podCidr.replace(/\d+\/\d+$/, String(replica + 2)),
        ready: true,
      })
    }
    this.#coreDns = 'up'
  }

  /** Nodes that ordinary pods may run on; CoreDNS tolerates the control plane. */
  #hosts(): readonly KnownNode[] {
    return [...this.#nodes.values()].filter((node) => node.readiness.status === 'True' && !node.cordoned)
  }
}

export const specOf = (object: KubeObject): Record<string, unknown> =>
  typeof object['spec'] === 'object' && object['spec'] !== null ? (object['spec'] as Record<string, unknown>) : {}

function withReady(pod: KubeObject, ready: boolean): ObjectDraft {
  const status = pod['status'] as { conditions: { type: string; status: string }[] }
  const conditions = status.conditions.map((one) =>
    one.type === 'Ready' ? { ...one, status: ready ? 'True' : 'False' } : one,
  )
  return { ...pod, status: { ...status, conditions } }
}

function isDraft(body: unknown): body is ObjectDraft {
  if (typeof body !== 'object' || body === null) return false
  const { apiVersion, kind, metadata } = body as Record<string, unknown>
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false
  return typeof metadata === 'object' && metadata !== null && typeof (metadata as { name?: unknown }).name === 'string'
}
