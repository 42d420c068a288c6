import type { LabTime } from '#lab/time.ts'
import { textOf } from '../talos/config/shape.ts'
import { at, conditionOf, isLeaving, nodeNameOf, numberAt, phaseOf, record, records } from './fields.ts'
import { timestamp, type KubeObject, type ObjectDraft, type ObjectStore } from './objects.ts'
import { chooseNode } from './scheduler.ts'

/** Pulling and starting a small image that is there already. */
const START_MS = 2_000
/** A well-behaved process ends long before its grace is over. */
const STOP_MS = 1_500
const GRACE_S = 30
const CONDITIONS = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled']

/**
 * The life of pods that somebody made through the API, from the scheduler to the last second of their grace; and the
 * end of all others. Pods of dead nodes neither start nor end: their kubelet would have to say so.
 */
export class Pods {
  readonly #store: ObjectStore
  readonly #time: LabTime
  readonly #signal: AbortSignal
  /** By uid: made through the API, and by which timers they are being started or stopped. */
  readonly #made = new Set<string>()
  readonly #starting = new Set<string>()
  readonly #stopping = new Set<string>()
  #addresses = 10

  constructor(store: ObjectStore, time: LabTime, signal: AbortSignal) {
    this.#store = store
    this.#time = time
    this.#signal = signal
  }

  create(draft: ObjectDraft): KubeObject {
    const spec = record(draft['spec'])
    const pod = this.#store.put('pods', {
      ...draft,
      spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: GRACE_S, ...spec },
      status: statusOf(draft, { phase: 'Pending', ready: false }),
    })
    this.#made.add(pod.metadata.uid)
    return pod
  }

  /** A grace of 0 is force: the API forgets the pod, whatever its node does. */
  shutDown(pod: KubeObject, graceS = numberAt(at(pod, 'spec', 'terminationGracePeriodSeconds'), GRACE_S)): void {
    if (graceS === 0 || nodeNameOf(pod) === undefined) {
      this.#forget(pod)
      return
    }
    if (!isLeaving(pod))
      this.#store.put('pods', {
        ...pod,
        metadata: {
          ...pod.metadata,
          deletionTimestamp: timestamp(this.#time.now() + graceS * 1_000),
          deletionGracePeriodSeconds: graceS,
        },
      })
    this.reconcile()
  }

  /** Moves every pod as far as it can go now. Level-triggered: called again after each change. */
  reconcile(): void {
    const nodes = this.#store.list('nodes')
    for (const pod of this.#store.list('pods')) {
      const { uid } = pod.metadata
      const name = nodeNameOf(pod)
      const node = nodes.find((one) => one.metadata.name === name)
      const isReady = node !== undefined && conditionOf(node, 'Ready') === 'True'
      if (isLeaving(pod) && (name === undefined || (node === undefined && this.#made.has(uid)))) this.#forget(pod)
      else if (isLeaving(pod) && isReady) void this.#stop(pod)
      else if (!this.#made.has(uid)) continue
      else if (name === undefined) this.#bind(pod, nodes)
      else if (node === undefined) this.#forget(pod)
      else if (phaseOf(pod) === 'Pending' && isReady) void this.#start(pod, node)
    }
  }

  #bind(pod: KubeObject, nodes: readonly KubeObject[]): void {
    const nodeName = chooseNode(pod, nodes, this.#store.list('pods'))
    if (nodeName !== undefined) this.#store.put('pods', { ...pod, spec: { ...record(pod['spec']), nodeName } })
    else if (conditionOf(pod, 'PodScheduled') !== 'False')
      this.#store.put('pods', {
        ...pod,
        status: {
          phase: 'Pending',
          conditions: [
            { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: NOWHERE(nodes.length) },
          ],
        },
      })
  }

  async #start({ metadata: { uid, name, namespace } }: KubeObject, node: KubeObject): Promise<void> {
    if (this.#starting.has(uid)) return
    this.#starting.add(uid)
    await this.#time.pass(START_MS, this.#signal)
    this.#starting.delete(uid)
    const pod = this.#store.find('pods', name, namespace)
    const host = this.#store.find('nodes', node.metadata.name)
    if (this.#signal.aborted || pod?.metadata.uid !== uid || isLeaving(pod) || !host) return
    if (conditionOf(host, 'Ready') !== 'True') return
    const hostIp = textOf(records(at(host, 'status', 'addresses'))[0]?.['address'])
    const podIp = textOf(at(host, 'spec', 'podCIDR')).replace(/\d+\/\d+$/, String((this.#addresses++ % 240) + 10))
    this.#store.put('pods', {
      ...pod,
      status: {
        ...statusOf(pod, { phase: 'Running', ready: true, since: timestamp(this.#time.now()) }),
        hostIP: hostIp,
        hostIPs: [{ ip: hostIp }],
        podIP: podIp,
        podIPs: [{ ip: podIp }],
      },
    })
  }

  async #stop(pod: KubeObject): Promise<void> {
    const { uid, name, namespace, deletionGracePeriodSeconds = GRACE_S } = pod.metadata
    if (this.#stopping.has(uid)) return
    this.#stopping.add(uid)
    await this.#time.pass(Math.min(STOP_MS, deletionGracePeriodSeconds * 1_000), this.#signal)
    this.#stopping.delete(uid)
    const now = this.#store.find('pods', name, namespace)
    const host = this.#store.find('nodes', nodeNameOf(pod) ?? '')
    if (this.#signal.aborted || now?.metadata.uid !== uid || !isLeaving(now)) return
    if (host && conditionOf(host, 'Ready') === 'True') this.#forget(now)
  }

  #forget({ metadata: { uid, name, namespace } }: KubeObject): void {
    this.#made.delete(uid)
    this.#store.delete('pods', name, namespace)
  }
}

const NOWHERE = (count: number): string => `0/${count} nodes are available.`

function statusOf(
  pod: ObjectDraft,
  { phase, ready, since }: { phase: string; ready: boolean; since?: string },
): Record<string, unknown> {
  const is = (type: string): string => (ready || type === 'Initialized' || type === 'PodScheduled' ? 'True' : 'False')
  const state = ready ? { running: { startedAt: since } } : { waiting: { reason: 'ContainerCreating' } }
  return {
    phase,
    qosClass: 'BestEffort',
    conditions: CONDITIONS.map((type) => ({ type, status: is(type), lastProbeTime: null, lastTransitionTime: since })),
    ...(since === undefined ? {} : { startTime: since }),
    containerStatuses: records(at(pod, 'spec', 'containers')).map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready,
      started: ready,
      restartCount: 0,
      state,
    })),
  }
}
