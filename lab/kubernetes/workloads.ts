import type { ObjectDraft, ObjectStore, KubeObject } from './objects.ts'
import { readyOf } from '../talos/kubernetes-view.ts'

/**
 * The sets that Talos' own manifests ask for, as their controllers report on them: how many pods there should be, are,
 * and are ready. It makes no pods: kubelets tell of theirs, and the cluster of CoreDNS; here they are only counted.
 */
export interface WorkloadWish {
  readonly kind: 'DaemonSet' | 'Deployment'
  readonly name: string
  /** The value of `k8s-app`, by which its pods are found. */
  readonly app: string
  readonly image: string
  /** Of a Deployment; a DaemonSet wants one pod on every node. */
  readonly replicas?: number
}

const NAMESPACE = 'kube-system'
/** The part of a ReplicaSet's name that comes from its template. */
export const TEMPLATE_HASH = '6f6b679f8f'

export const replicaSetName = (deployment: string): string => `${deployment}-${TEMPLATE_HASH}`

export class Workloads {
  readonly #store: ObjectStore
  readonly #wishes = new Map<string, WorkloadWish>()

  constructor(store: ObjectStore) {
    this.#store = store
    store.watch(store.version, ({ resource, object }) => {
      if (resource !== 'pods' && resource !== 'nodes') return
      const app = object.metadata.labels?.['k8s-app']
      for (const wish of this.#wishes.values())
        if (wish.app === app || (resource === 'nodes' && wish.kind === 'DaemonSet')) this.#report(wish)
    })
  }

  /** Creates the set unless there is one, as Talos does with its manifests: what is there stays as it is. */
  want(wish: WorkloadWish): void {
    if (this.#wishes.has(wish.name)) return
    this.#wishes.set(wish.name, wish)
    this.#report(wish)
  }

  /** Whether this set is one of those, and not somebody's own. */
  looksAfter({ metadata: { name, namespace }, kind }: KubeObject): boolean {
    const base = kind === 'ReplicaSet' ? name.slice(0, -TEMPLATE_HASH.length - 1) : name
    return namespace === NAMESPACE && this.#wishes.has(base)
  }

  #report(wish: WorkloadWish): void {
    const pods = this.#store.list('pods', NAMESPACE).filter((pod) => pod.metadata.labels?.['k8s-app'] === wish.app)
    const counts: Counts = {
      wanted: wish.replicas ?? this.#store.list('nodes').length,
      present: pods.length,
      ready: pods.filter((pod) => readyOf(pod) === 'True').length,
      updated: pods.filter((pod) => imageOf(pod) === wish.image).length,
    }
    if (wish.kind === 'DaemonSet') {
      this.#store.put('daemonsets', daemonSet(wish, counts))
      return
    }
    const deployed = this.#store.put('deployments', deployment(wish, counts))
    this.#store.put('replicasets', replicaSet(wish, counts, deployed))
  }
}

interface Counts {
  readonly wanted: number
  readonly present: number
  readonly ready: number
  readonly updated: number
}

const imageOf = (pod: KubeObject): string | undefined =>
  (pod['spec'] as { readonly containers?: readonly { readonly image: string }[] } | undefined)?.containers?.[0]?.image

/** What all of them have in common: whose pods they are, and how those look. */
function parts(wish: WorkloadWish, tier: boolean) {
  const labels = { 'k8s-app': wish.app, ...(tier ? { tier: 'node' } : {}) }
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: wish.name, image: wish.image }], restartPolicy: 'Always' },
  }
  return { labels, spec: { selector: { matchLabels: labels }, template } }
}

function daemonSet(wish: WorkloadWish, counts: Counts): ObjectDraft {
  const { labels, spec } = parts(wish, true)
  const unavailable = counts.wanted - counts.ready
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: wish.name, namespace: NAMESPACE, labels },
    spec: {
      ...spec,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
    },
    status: {
      observedGeneration: 1,
      desiredNumberScheduled: counts.wanted,
      currentNumberScheduled: counts.present,
      updatedNumberScheduled: counts.updated,
      numberReady: counts.ready,
      numberAvailable: counts.ready,
      ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
      numberMisscheduled: 0,
    },
  }
}

function deployment(wish: WorkloadWish, counts: Counts): ObjectDraft {
  const { labels, spec } = parts(wish, false)
  // The default of 25 %, rounded up, may be away; Talos' CoreDNS allows one.
  const available = counts.ready >= counts.wanted - 1 && counts.ready > 0
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: wish.name,
      namespace: NAMESPACE,
      labels,
      annotations: { 'deployment.kubernetes.io/revision': '1' },
    },
    spec: {
      replicas: counts.wanted,
      ...spec,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
    },
    status: {
      observedGeneration: 1,
      replicas: counts.present,
      updatedReplicas: counts.updated,
      readyReplicas: counts.ready,
      availableReplicas: counts.ready,
      ...(counts.ready < counts.wanted ? { unavailableReplicas: counts.wanted - counts.ready } : {}),
      conditions: [
        available
          ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }
          : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    },
  }
}

function replicaSet(wish: WorkloadWish, counts: Counts, owner: KubeObject): ObjectDraft {
  const { labels, spec } = parts(wish, false)
  const { name, uid } = owner.metadata
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: replicaSetName(wish.name),
      namespace: NAMESPACE,
      labels: { ...labels, 'pod-template-hash': TEMPLATE_HASH },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true }],
    },
    spec: { replicas: counts.wanted, ...spec },
    status: {
      observedGeneration: 1,
      replicas: counts.present,
      fullyLabeledReplicas: counts.present,
      readyReplicas: counts.ready,
      availableReplicas: counts.ready,
    },
  }
}
