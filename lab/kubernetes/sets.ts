import { createHash, randomBytes } from 'node:crypto'
import { withStatus } from './budgets.ts'
import { at, conditionOf, controllerOf, isLeaving, nodeNameOf, numberAt, phaseOf, record } from './fields.ts'
import type { KubeObject, ObjectDraft, ObjectStore } from './objects.ts'
import type { Pods } from './pods.ts'
import { tolerates } from './scheduler.ts'

/**
 * The controllers behind Deployments, ReplicaSets, DaemonSets and budgets that people make: a pod that went comes back, on
 * a node that takes it. `isReported` names the sets of Talos' own manifests, which others look after. One pass; it is
 * made again after each change until nothing changes any more.
 */
export function reconcileSets(store: ObjectStore, pods: Pods, isReported: (set: KubeObject) => boolean): void {
  const ours = (plural: string) => store.list(plural).filter((set) => !isReported(set))
  collectOrphans(store, pods)
  for (const deployment of ours('deployments')) reconcileDeployment(store, deployment)
  for (const set of ours('replicasets')) reconcileReplicaSet(store, pods, set)
  for (const set of ours('daemonsets')) reconcileDaemonSet(store, pods, set)
  for (const budget of store.list('poddisruptionbudgets')) store.put('poddisruptionbudgets', withStatus(store, budget))
}

const PLURALS: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  ReplicaSet: 'replicasets',
  DaemonSet: 'daemonsets',
}

/** What was made for an owner goes with it. */
function collectOrphans(store: ObjectStore, pods: Pods): void {
  for (const plural of ['replicasets', 'pods'])
    for (const object of store.list(plural)) {
      const owner = controllerOf(object)
      const owners = PLURALS[String(owner?.['kind'])]
      if (owners === undefined || owner?.['uid'] === undefined) continue
      if (store.list(owners).some((one) => one.metadata.uid === owner['uid'])) continue
      if (plural === 'replicasets') store.delete(plural, object.metadata.name, object.metadata.namespace)
      else if (!isLeaving(object)) pods.shutDown(object)
    }
}

const childrenOf = (store: ObjectStore, plural: string, { metadata }: KubeObject): readonly KubeObject[] =>
  store.list(plural, metadata.namespace).filter((child) => controllerOf(child)?.['uid'] === metadata.uid)
const livePods = (store: ObjectStore, set: KubeObject): readonly KubeObject[] =>
  childrenOf(store, 'pods', set).filter((pod) => !isLeaving(pod) && !['Succeeded', 'Failed'].includes(phaseOf(pod)))
const isReady = (pod: KubeObject): boolean => conditionOf(pod, 'Ready') === 'True'
const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: KubeObject) => [
  { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true },
]
const replicasOf = (set: KubeObject): number => numberAt(at(set, 'spec', 'replicas'), 1)
const templateOf = (set: KubeObject): Record<string, unknown> => record(at(set, 'spec', 'template'))
const labelsOf = (template: unknown): Record<string, string> =>
  record(at(template, 'metadata', 'labels')) as Record<string, string>
const put = (store: ObjectStore, plural: string, set: KubeObject, status: object): KubeObject =>
  store.put(plural, { ...set, status: { ...record(set['status']), ...status } })

function reconcileDeployment(store: ObjectStore, deployment: KubeObject): void {
  const { name, namespace } = deployment.metadata
  const template = templateOf(deployment)
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10)
  const labels = { ...labelsOf(template), 'pod-template-hash': hash }
  const current = `${name}-${hash}`
  for (const set of childrenOf(store, 'replicasets', deployment))
    if (set.metadata.name !== current)
      store.put('replicasets', { ...set, spec: { ...record(set['spec']), replicas: 0 } })
  const before = store.find('replicasets', current, namespace)
  const set = store.put('replicasets', {
    ...before,
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: before?.metadata ?? {
      name: current,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ownerReferences: ownedBy(deployment),
    },
    spec: {
      replicas: replicasOf(deployment),
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...record(template['metadata']), labels } },
    },
  })
  const pods = livePods(store, set)
  const ready = pods.filter(isReady).length
  put(store, 'deployments', deployment, {
    observedGeneration: numberAt(deployment.metadata.generation, 1),
    replicas: pods.length,
    updatedReplicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    conditions: [
      { type: 'Available', status: ready >= replicasOf(deployment) ? 'True' : 'False', reason: 'MinimumReplicas' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ],
  })
}

function reconcileReplicaSet(store: ObjectStore, pods: Pods, set: KubeObject): void {
  const live = livePods(store, set)
  const missing = replicasOf(set) - live.length
  for (let made = 0; made < missing; made += 1)
    pods.create(podOf(set, `-${randomBytes(3).toString('hex').slice(0, 5)}`))
  // Those that serve nobody go first.
  const surplus = live.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b))).slice(0, Math.max(0, -missing))
  for (const pod of surplus) pods.shutDown(pod)
  const ready = live.filter(isReady).length
  const counts = { replicas: live.length, fullyLabeledReplicas: live.length }
  put(store, 'replicasets', set, { ...counts, readyReplicas: ready, availableReplicas: ready, observedGeneration: 1 })
}

function reconcileDaemonSet(store: ObjectStore, pods: Pods, set: KubeObject): void {
  const live = livePods(store, set)
  // Its pods stay where nodes are cordoned or away; other taints keep them off.
  const tolerations = [{ operator: 'Exists', key: 'node.kubernetes.io/unschedulable' }, ...AWAY]
  const nodes = store.list('nodes').filter((node) => tolerates(podOf(set, '', { tolerations }), node))
  for (const { metadata } of nodes)
    if (!live.some((pod) => nodeNameOf(pod) === metadata.name))
      pods.create(podOf(set, `-${metadata.uid.slice(0, 5)}`, { nodeName: metadata.name, tolerations }))
  const ready = live.filter(isReady).length
  put(store, 'daemonsets', set, {
    observedGeneration: 1,
    desiredNumberScheduled: nodes.length,
    currentNumberScheduled: live.length,
    updatedNumberScheduled: live.length,
    numberReady: ready,
    numberAvailable: ready,
    numberMisscheduled: 0,
  })
}

const AWAY = ['not-ready', 'unreachable'].map((key) => ({ operator: 'Exists', key: `node.kubernetes.io/${key}` }))

function podOf(set: KubeObject, suffix: string, more: { nodeName?: string; tolerations?: readonly object[] } = {}) {
  const template = templateOf(set)
  const { name, namespace } = set.metadata
  const { tolerations = [], ...bound } = more
  const spec = record(template['spec'])
  const own = Array.isArray(spec['tolerations']) ? (spec['tolerations'] as readonly object[]) : []
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}${suffix}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf(template),
      ownerReferences: ownedBy(set),
    },
    spec: { ...spec, ...bound, tolerations: [...own, ...tolerations] },
  } satisfies ObjectDraft
}
