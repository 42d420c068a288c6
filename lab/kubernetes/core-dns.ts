import type { LabTime } from '#lab/time.ts'
import type { NodeFacts } from './node-object.ts'
import type { PodFacts } from './pod-object.ts'
import { replicaSetName } from './workloads.ts'

/** Scheduled, pulled and ready this long after there is a node to run it. */
const READY_MS = 10_000
/** The parts of its pods' names that a ReplicaSet would make up. */
const SUFFIXES = ['r4xqz', 'w2b7k']
export const CORE_DNS = {
  name: 'coredns',
  app: 'kube-dns',
  image: 'registry.k8s.io/coredns/coredns:v1.14.4',
  replicas: SUFFIXES.length,
}

interface CoreDnsDeps {
  readonly time: LabTime
  readonly signal: AbortSignal
  /** Nodes that ordinary pods may run on; CoreDNS tolerates the control plane. */
  readonly hosts: () => readonly NodeFacts[]
  readonly putPod: (facts: PodFacts) => void
}

/** The one Deployment that every Talos cluster is born with: its pods follow the nodes that can run them. */
export class CoreDns {
  readonly #deps: CoreDnsDeps
  #state: 'off' | 'wanted' | 'starting' | 'up' = 'off'

  constructor(deps: CoreDnsDeps) {
    this.#deps = deps
  }

  want(): void {
    if (this.#state === 'off') this.#state = 'wanted'
    this.start()
  }

  /** A replica or its node is gone; it is made anew, on a node that takes pods. */
  replace(): void {
    if (this.#state === 'up') this.#state = 'wanted'
    this.start()
  }

  /** Harmless at any time: starts it if it is wanted and there is somewhere to run. */
  start(): void {
    void this.#start()
  }

  async #start(): Promise<void> {
    const { time, signal, hosts, putPod } = this.#deps
    if (this.#state !== 'wanted' || hosts().length === 0) return
    this.#state = 'starting'
    await time.pass(READY_MS, signal)
    const now = hosts()
    if (signal.aborted || now.length === 0) {
      this.#state = 'wanted'
      return
    }
    for (const [replica, suffix] of SUFFIXES.entries()) {
      const host = now[replica % now.length]
      if (!host) continue
      putPod({
        name: `${replicaSetName(CORE_DNS.name)}-${suffix}`,
        app: CORE_DNS.app,
        owner: { kind: 'ReplicaSet', name: replicaSetName(CORE_DNS.name) },
        image: CORE_DNS.image,
        nodeName: host.name,
        hostIp: host.address,
        podIp: host.podCidr.replace(/\d+\/\d+$/, String(replica + 2)),
        ready: true,
      })
    }
    this.#state = 'up'
  }
}
