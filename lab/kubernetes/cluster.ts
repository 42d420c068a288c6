import { parseAllDocuments } from 'yaml'
import type { LabTime } from '#lab/time.ts'
import { CORE_DNS, CoreDns } from './core-dns.ts'
import { record } from './fields.ts'
import { nodeObject, type NodeFacts, type Readiness } from './node-object.ts'
import { changedBy, withChanges, NO_CHANGES, type NodeChanges } from './node-changes.ts'
import { isDraft, ObjectStore, type KubeObject } from './objects.ts'
import { podObject, withReady, type PodFacts } from './pod-object.ts'
import { Pods } from './pods.ts'
import { findResource, RESOURCES } from './resources.ts'
import { reconcileSets } from './sets.ts'
import { Workloads, type WorkloadWish } from './workloads.ts'

/** No heartbeat for this long makes a node's state unknown (the node controller's grace period). */
const NODE_LOST_MS = 40_000
/** What controllers and the scheduler act upon. */
const MOVED_BY = new Set(['pods', 'nodes', 'deployments', 'replicasets', 'daemonsets', 'poddisruptionbudgets'])
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

interface KnownNode {
  facts: NodeFacts
  readiness: Readiness
  since: number
  cordoned: boolean
  /** What people patched; it outlives a restart of the kubelet. */
  changes: NodeChanges
}

/**
 * One Kubernetes cluster: the objects behind its API servers and the few controllers that move them. Kubelets tell it
 * what they run; it never reaches into a node. It lives as long as its etcd does, whichever API server is up.
 */
export class KubernetesCluster {
  readonly store: ObjectStore
  readonly pods: Pods
  readonly #workloads: Workloads
  readonly #time: LabTime
  readonly #nodes = new Map<string, KnownNode>()
  /** Pods that kubelets told of, by name. */
  readonly #told = new Map<string, PodFacts>()
  #reconciling = false
  readonly #lost = new Map<string, AbortController>()
  readonly #closed = new AbortController()
  readonly #coreDns: CoreDns
  /** Whether the store can be read and written: etcd has a quorum. Set by whoever owns the etcd. */
  storageHealthy: () => boolean = () => true

  constructor(time: LabTime) {
    this.#time = time
    this.store = new ObjectStore(() => time.now())
    this.#workloads = new Workloads(this.store)
    this.#coreDns = new CoreDns({
      time,
      signal: this.#closed.signal,
      hosts: () => this.#hosts(),
      putPod: (facts) => this.putPod(facts),
    })
    this.pods = new Pods(this.store, time, this.#closed.signal)
    for (const name of NAMESPACES)
      this.store.put('namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      })
    this.store.watch(this.store.version, ({ type, resource, object }) => {
      if (MOVED_BY.has(resource)) this.#reconcileSoon()
      if (resource === 'pods' && type === 'DELETED') this.#bringBack(object)
      const isDns = resource === 'pods' && object.metadata.labels?.['k8s-app'] === CORE_DNS.app
      if (type === 'DELETED' && isDns) this.#coreDns.replace()
    })
  }

  /** After whatever was just written: controllers see the whole of it, once. */
  #reconcileSoon(): void {
    if (this.#reconciling) return
    this.#reconciling = true
    queueMicrotask(() => {
      this.#reconciling = false
      if (this.#closed.signal.aborted) return
      reconcileSets(this.store, this.pods, (set) => this.#workloads.looksAfter(set))
      this.pods.reconcile()
    })
  }

  /** A kubelet keeps the picture of its static pods in the API, and a DaemonSet keeps a pod on each node. */
  #bringBack({ metadata: { name } }: KubeObject): void {
    const facts = this.#told.get(name)
    if (facts && facts.owner?.kind !== 'ReplicaSet' && this.#nodes.has(facts.nodeName))
      queueMicrotask(() => {
        if (this.#told.get(name) === facts && this.#nodes.has(facts.nodeName)) this.putPod(facts)
      })
  }

  nodes(): readonly KubeObject[] {
    return this.store.list('nodes')
  }

  /** A kubelet registers its node, or comes back after a restart. */
  registerNode(facts: NodeFacts): void {
    this.#heard(facts.name)
    const { cordoned = false, changes = NO_CHANGES } = this.#nodes.get(facts.name) ?? {}
    this.#nodes.set(facts.name, {
      facts,
      cordoned,
      changes,
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
    this.#coreDns.start()
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
    this.#coreDns.start()
  }

  /** What people change of a node: labels, annotations, taints, and whether it takes pods. */
  patchNode(name: string, patch: Record<string, unknown>): void {
    const node = this.#nodes.get(name)
    if (!node) return
    node.changes = changedBy(node.changes, patch)
    const spec = record(patch['spec'])
    if ('unschedulable' in spec) this.setCordoned(name, spec['unschedulable'] === true)
    else this.#publish(name)
  }

  /** Everything in it goes first. */
  deleteNamespace(name: string): void {
    for (const { plural, namespaced } of RESOURCES)
      if (namespaced)
        for (const { metadata } of this.store.list(plural, name)) this.store.delete(plural, metadata.name, name)
    this.store.delete('namespaces', name)
  }

  /** Somebody deletes the Node object; its pods go with it. A living kubelet registers again only when it restarts. */
  deleteNode(name: string): void {
    this.#heard(name)
    this.#nodes.delete(name)
    for (const pod of this.#podsOf(name)) this.store.delete('pods', pod.metadata.name, pod.metadata.namespace)
    this.#coreDns.replace()
  }

  putPod(facts: PodFacts): void {
    this.#told.set(facts.name, facts)
    this.store.put('pods', podObject(facts, this.#time.now()))
  }
  removePod(name: string): void {
    this.#told.delete(name)
    this.store.delete('pods', name, 'kube-system')
  }

  /** A set of pods of Talos' own manifests; asking again changes nothing. */
  wantWorkload(wish: WorkloadWish): void {
    this.#workloads.want(wish)
  }

  wantCoreDns(): void {
    this.wantWorkload({ kind: 'Deployment', ...CORE_DNS })
    this.#coreDns.want()
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
    if (!node) return
    const facts = withChanges(node.facts, node.changes)
    this.store.put('nodes', nodeObject(facts, node.readiness, node.cordoned, node.since))
  }

  #podsOf(nodeName: string): readonly KubeObject[] {
    return this.store.list('pods').filter((pod) => specOf(pod)['nodeName'] === nodeName)
  }

  /** Nodes that ordinary pods may run on; CoreDNS tolerates the control plane. */
  #hosts(): readonly NodeFacts[] {
    return [...this.#nodes.values()]
      .filter((node) => node.readiness.status === 'True' && !node.cordoned)
      .map(({ facts }) => facts)
  }
}

export const specOf = (object: KubeObject): Record<string, unknown> =>
  typeof object['spec'] === 'object' && object['spec'] !== null ? (object['spec'] as Record<string, unknown>) : {}
