import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { BoundPod, Eviction } from '#agent/kubernetes/bound-pods.ts'
import type { KubernetesClient } from '#agent/kubernetes/client.ts'
import type { KubernetesNode } from '#agent/kubernetes/shapes.ts'

/**
 * A cluster's Kubernetes as a handler sees it, in memory: nodes that are cordoned and pods that are evicted, unless a
 * budget of the test's says no. It says what was asked of it, in order.
 */
export interface FakePod extends BoundPod {
  readonly node: string
  /** Refusals left before its budget lets it go. */
  refusals: number
  /** Looks at it that still show it after it was let go. */
  lingers: number
}

export class FakeKubernetes {
  isUp = true
  readonly nodesDeleted: string[] = []
  /** As in `cordon cp-1`, `evict web-1`, `uncordon cp-1`. */
  readonly effects: string[] = []
  /** Seconds that a refusal asks to wait; absent when it names none. */
  retryAfterS: number | undefined
  readonly #nodes = new Map<string, KubernetesNode>()
  #pods: FakePod[] = []
  #lost: { effect: string; worked: boolean } | undefined

  addNode(name: string, differs: Partial<KubernetesNode> = {}): void {
    const node = {
      ready: true,
      schedulable: true,
      kubeletVersion: 'v1.36.3',
      addresses: [],
      labels: {},
      annotations: {},
    }
    this.#nodes.set(name, { name, ...node, ...differs })
  }

  addPod(node: string, name: string, differs: Partial<FakePod> = {}): void {
    const looks = { phase: 'Running', controller: 'ReplicaSet', isMirror: false, isLeaving: false, hasEmptyDir: false }
    const pod = { namespace: 'shop', name, uid: `uid-${name}`, ...looks, node, refusals: 0, lingers: 0 }
    this.#pods.push({ ...pod, ...differs })
  }

  node(name: string): KubernetesNode | undefined {
    return this.#nodes.get(name)
  }

  podNames(): readonly string[] {
    return this.#pods.map(({ name }) => name)
  }

  /** The next such effect gets no answer. */
  loseAnswer(effect: 'cordon' | 'evict' | 'deleteNode', worked: boolean): void {
    this.#lost = { effect, worked }
  }

  client(): KubernetesClient {
    const read = <T>(value: () => T): Promise<Result<T, Problem>> =>
      Promise.resolve(this.isUp ? ok(value()) : err(problem('kubernetes-unreachable')))
    return {
      readyz: () => read(() => undefined),
      listNodes: () => read(() => [...this.#nodes.values()]),
      listPods: () => read(() => []),
      findNode: (name) => read(() => this.#nodes.get(name) ?? ('absent' as const)),
      listPodsOn: (node) => read(() => this.#look(node)),
      cordon: (name, forWhom) => this.#effect('cordon', name, () => this.#cordon(name, forWhom)),
      uncordon: (name, forWhom) =>
        this.#effect('uncordon', name, () => {
          const node = this.#nodes.get(name)
          if (node?.annotations['for'] === forWhom)
            this.#nodes.set(name, { ...node, schedulable: true, annotations: {} })
        }),
      evictPod: (pod) => this.#effect('evict', pod.name, () => this.#evict(pod)),
      deleteNode: (name) =>
        this.#effect('deleteNode', name, () => {
          this.nodesDeleted.push(name)
          return this.#nodes.delete(name) ? ('deleted' as const) : ('absent' as const)
        }),
      close: () => Promise.resolve(),
    }
  }

  #effect<T>(effect: string, on: string, work: () => T): Promise<Result<T, Problem>> {
    if (!this.isUp) return Promise.resolve(err(problem('kubernetes-unreachable')))
    const lost = this.#lost?.effect === effect ? this.#lost : undefined
    if (lost) this.#lost = undefined
    if (lost?.worked === false) return Promise.resolve(err(problem('outcome-unknown')))
    const changes = effect !== 'cordon' || this.#nodes.get(on)?.schedulable === true
    if (changes) this.effects.push(`${effect} ${on}`)
    const done = work()
    return Promise.resolve(lost ? err(problem('outcome-unknown')) : ok(done))
  }

  #cordon(name: string, forWhom: string): 'cordoned' | 'absent' {
    const node = this.#nodes.get(name)
    if (node?.schedulable) this.#nodes.set(name, { ...node, schedulable: false, annotations: { for: forWhom } })
    return node ? 'cordoned' : 'absent'
  }

  #evict({ uid }: BoundPod): Eviction {
    const pod = this.#pods.find((one) => one.uid === uid)
    if (!pod) return { is: 'gone' }
    if (pod.refusals > 0) {
      pod.refusals -= 1
      return { is: 'refused', reason: `The disruption budget ${pod.name} needs 1`, retryAfterS: this.retryAfterS }
    }
    const leaving = { ...pod, isLeaving: true }
    this.#pods = this.#pods.flatMap((one) => (one !== pod ? [one] : pod.lingers > 0 ? [leaving] : []))
    return { is: 'accepted' }
  }

  #look(node: string): readonly BoundPod[] {
    const seen = this.#pods.filter((pod) => pod.node === node)
    for (const pod of seen) if (pod.isLeaving) pod.lingers -= 1
    this.#pods = this.#pods.filter((pod) => !pod.isLeaving || pod.lingers > 0)
    return seen
  }
}
