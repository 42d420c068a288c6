import { timestamp, type KubeObject, type ObjectDraft } from './objects.ts'

/** One pod of kube-system, as far as somebody who waits for its health looks at it. */
export interface PodFacts {
  readonly name: string
  readonly app: string
  readonly appLabel?: 'k8s-app' | 'app'
  readonly image: string
  readonly nodeName: string
  readonly hostIp: string
  /** Pods on the host's network have the host's address. */
  readonly podIp: string
  readonly ready: boolean
  /** What made it. Without one it is static: the kubelet made it from a file and mirrors it. */
  readonly owner?: { readonly kind: 'DaemonSet' | 'ReplicaSet'; readonly name: string }
  readonly configVersion?: string
}

/** The kubelet's hash of the file a static pod came from; by it a picture is told from a pod. */
const hashOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32)

export function podObject(facts: PodFacts, at: number): ObjectDraft {
  const since = timestamp(at)
  const ready = facts.ready ? 'True' : 'False'
  const isStatic = facts.owner === undefined
  const owner = facts.owner
    ? { apiVersion: 'apps/v1', ...facts.owner, controller: true }
    : { apiVersion: 'v1', kind: 'Node', name: facts.nodeName, controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: facts.name,
      namespace: 'kube-system',
      labels: { [facts.appLabel ?? 'k8s-app']: facts.app, ...(isStatic ? { tier: 'control-plane' } : {}) },
      annotations: {
        ...(isStatic
          ? { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.mirror': hashOf(facts.name) }
          : {}),
        ...(facts.configVersion === undefined ? {} : { 'talos.dev/config-version': facts.configVersion }),
      },
      ownerReferences: [owner],
    },
    spec: {
      nodeName: facts.nodeName,
      hostNetwork: facts.podIp === facts.hostIp,
      containers: [{ name: facts.app, image: facts.image }],
    },
    status: {
      phase: facts.ready ? 'Running' : 'Pending',
      hostIP: facts.hostIp,
      hostIPs: [{ ip: facts.hostIp }],
      podIP: facts.podIp,
      podIPs: [{ ip: facts.podIp }],
      startTime: since,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
        (type) => ({
          type,
          status: type === 'Ready' || type === 'ContainersReady' ? ready : 'True',
          lastProbeTime: null,
          lastTransitionTime: since,
        }),
      ),
      containerStatuses: [
        {
          name: facts.app,
          image: facts.image,
          ready: facts.ready,
          started: facts.ready,
          restartCount: 0,
          state: facts.ready ? { running: { startedAt: since } } : { waiting: { reason: 'ContainerCreating' } },
        },
      ],
    },
  }
}

/** The same pod, as its node's silence or return makes it. */
export function withReady(pod: KubeObject, ready: boolean): ObjectDraft {
  const status = pod['status'] as { conditions: { type: string; status: string }[] }
  const conditions = status.conditions.map((one) =>
    one.type === 'Ready' ? { ...one, status: ready ? 'True' : 'False' } : one,
  )
  return { ...pod, status: { ...status, conditions } }
}
