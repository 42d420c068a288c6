import type { TalosNode } from './node.ts'

/** What runs on a node right now, as processes and containers show it: the services that are up, and the pods. */
export interface RunningContainer {
  readonly namespace: 'system' | 'k8s.io'
  readonly id: string
  readonly podId: string
  readonly name: string
  readonly image: string
  readonly pid: number
  readonly memoryBytes: number
  /** Since the boot, in nanoseconds. */
  readonly cpuNs: number
}

/** Services that run in a container of their own; the others are processes. */
const CONTAINER_IMAGES: Readonly<Record<string, (node: TalosNode) => string>> = {
  apid: () => 'talos/apid',
  trustd: () => 'talos/trustd',
  etcd: (node) => `registry.k8s.io/etcd:v${node.edition.etcdVersion}`,
  kubelet: (node) => `ghcr.io/siderolabs/kubelet:v${node.config?.kubeletVersion ?? ''}`,
}
/** Believable sizes. */
const MEMORY_MIB: Readonly<Record<string, number>> = { etcd: 90, kubelet: 80, apid: 24, trustd: 14 }
const POD_MEMORY_MIB = 48
const MIB = 1024 * 1024
/** Containers' processes have numbers from here on. */
const FIRST_PID = 1_700
const PIDS_APART = 41
/** A service keeps a core this busy. */
const CPU_SHARE = 0.012

export function containersOf(node: TalosNode, namespace: 'system' | 'k8s.io'): readonly RunningContainer[] {
  const cpuNs = Math.round((node.world.time.now() - node.bootedAt) * node.world.time.rate * CPU_SHARE * 1e6)
  const container = (index: number, id: string, podId: string, image: string, memoryMiB: number): RunningContainer => ({
    namespace,
    id,
    podId,
    name: id.split('/').at(-1) ?? id,
    image,
    pid: FIRST_PID + index * PIDS_APART,
    memoryBytes: memoryMiB * MIB,
    cpuNs,
  })
  if (namespace === 'system')
    return node.services
      .all()
      .filter(({ id, state }) => state === 'Running' && CONTAINER_IMAGES[id])
      .map(({ id }, index) => container(index, id, id, CONTAINER_IMAGES[id]?.(node) ?? '', MEMORY_MIB[id] ?? 16))
  if (!node.services.healthy('kubelet')) return []
  return podsOn(node).flatMap((pod, index) => {
    const podId = `${pod.namespace}/${pod.name}`
    return [
      container(100 + index * 2, podId, podId, 'registry.k8s.io/pause:3.10.1', 1),
      ...pod.containers.map(({ name, image }) =>
        container(101 + index * 2, `${podId}:${name}`, podId, image, POD_MEMORY_MIB),
      ),
    ]
  })
}

interface PodOnNode {
  readonly namespace: string
  readonly name: string
  /** When the node took it up. */
  readonly startedAt: number
  readonly containers: readonly { readonly name: string; readonly image: string }[]
}

/** Kubernetes' pods that are bound to this node. */
export function podsOn(node: TalosNode): readonly PodOnNode[] {
  return (node.cluster?.kubernetes.store.list('pods') ?? []).flatMap((pod) => {
    const spec = pod['spec'] as { nodeName?: string; containers?: PodOnNode['containers'] } | undefined
    if (spec?.nodeName !== node.hostname) return []
    const { name, namespace = '', creationTimestamp } = pod.metadata
    return [{ namespace, name, startedAt: Date.parse(creationTimestamp), containers: spec.containers ?? [] }]
  })
}
