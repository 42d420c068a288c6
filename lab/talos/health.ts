import { readyOf } from './kubernetes-view.ts'
import type { TalosCluster } from './cluster.ts'
import type { TalosNode } from './node.ts'
import { volumesOf } from './mounts.ts'

/**
 * The health list of Talos, in its order. Each condition says what it waits for, or nothing when it is met; the words
 * are those that `talosctl health` prints. Source: pkg/cluster/check of Talos 1.13.
 */
export interface HealthCondition {
  readonly name: string
  unmet(): string | undefined
}

const MIN_MEMORY_MIB = { controlplane: 1_848, worker: 924 } as const
const MIN_DISK_MIB = 6 * 1024

export function healthConditions(cluster: TalosCluster, nodes: readonly TalosNode[]): readonly HealthCondition[] {
  const controlPlanes = nodes.filter((node) => node.config?.controlPlane)
  const missing = (what: string, bad: readonly TalosNode[]) =>
    bad.length === 0 ? undefined : `${what}: ${bad.map((node) => node.address).join(', ')}`
  const unhealthy = (service: string, of: readonly TalosNode[]) =>
    missing(
      `service "${service}" is not healthy on`,
      of.filter((node) => !node.services.healthy(service)),
    )
  const condition = (name: string, unmet: () => string | undefined): HealthCondition => ({ name, unmet })
  const { etcd, kubernetes } = cluster
  const nodeObjects = () => kubernetes.nodes()
  const podsReady = (app: string, least: number) => {
    const pods = kubernetes.store.list('pods', 'kube-system').filter((pod) => labelOf(pod) === app)
    const ready = pods.filter((pod) => readyOf(pod) === 'True').length
    return pods.length >= least && ready === pods.length
      ? undefined
      : `${ready} of ${Math.max(least, pods.length)} ready`
  }
  const runs = (app: string) => kubernetes.store.list('pods', 'kube-system').some((pod) => labelOf(pod) === app)

  return [
    condition('etcd to be healthy', () => unhealthy('etcd', controlPlanes)),
    condition('etcd members to be consistent across nodes', () =>
      etcd.hasQuorum() ? undefined : 'etcdserver: request timed out',
    ),
    condition('etcd members to be control plane nodes', () => {
      const strangers = etcd.members().filter((member) => !controlPlanes.some((node) => node.uuid === member.uuid))
      return strangers.length === 0
        ? undefined
        : `etcd member ips ${strangers.map((member) => member.address).join(', ')} are not subset of control plane node ips`
    }),
    condition('apid to be ready', () =>
      missing(
        'apid is not ready on',
        nodes.filter((node) => !node.secured),
      ),
    ),
    condition('all nodes memory sizes', () =>
      missing(
        'memory size is too small on',
        nodes.filter((node) => node.hardware.memoryMiB < minimumOf(node)),
      ),
    ),
    condition('all nodes disk sizes', () =>
      missing(
        'ephemeral partition disk size is too small on',
        nodes.filter((node) => ephemeralMiB(node) < MIN_DISK_MIB),
      ),
    ),
    condition('no diagnostics', () => undefined),
    condition('kubelet to be healthy', () => unhealthy('kubelet', nodes)),
    condition('all nodes to finish boot sequence', () =>
      missing(
        'boot sequence is not finished on',
        nodes.filter((node) => node.stage !== 'running'),
      ),
    ),
    condition('all k8s nodes to report', () =>
      missing(
        'no Kubernetes node for',
        nodes.filter((node) => !nodeObjects().some((one) => one.metadata.name === node.hostname)),
      ),
    ),
    condition('all control plane static pods to be running', () =>
      missing(
        'static pods are not running on',
        controlPlanes.filter((node) => node.apiServer === undefined),
      ),
    ),
    condition('all control plane components to be ready', () =>
      ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
        .map((app) => podsReady(app, controlPlanes.length))
        .find((unmet) => unmet !== undefined),
    ),
    condition('all k8s nodes to report ready', () => {
      const waiting = nodeObjects().filter((one) => readyOf(one) !== 'True')
      return waiting.length === 0
        ? undefined
        : `some nodes are not ready: [${waiting.map((one) => one.metadata.name).join(' ')}]`
    }),
    condition('kube-proxy to report ready', () =>
      runs('kube-proxy') || wantsProxy(controlPlanes) ? podsReady('kube-proxy', nodes.length) : undefined,
    ),
    condition('coredns to report ready', () => (wantsDns(controlPlanes) ? podsReady('kube-dns', 1) : undefined)),
    condition('all k8s nodes to report schedulable', () => {
      const cordoned = nodeObjects().filter(
        (one) => (one['spec'] as { unschedulable?: boolean } | undefined)?.unschedulable,
      )
      return cordoned.length === 0
        ? undefined
        : `some nodes are not schedulable: [${cordoned.map((one) => one.metadata.name).join(' ')}]`
    }),
  ]
}

const labelOf = (pod: { metadata: { labels?: Readonly<Record<string, string>> } }): string | undefined =>
  pod.metadata.labels?.['k8s-app'] ?? pod.metadata.labels?.['app']
const minimumOf = (node: TalosNode): number => MIN_MEMORY_MIB[node.config?.type ?? 'worker']
const ephemeralMiB = (node: TalosNode): number =>
  volumesOf(node).find((volume) => volume.label === 'EPHEMERAL')?.sizeMiB ?? 0
const wantsProxy = (nodes: readonly TalosNode[]): boolean =>
  nodes.some((node) => node.config?.controlPlane?.proxyEnabled && node.config.cni !== 'none')
const wantsDns = (nodes: readonly TalosNode[]): boolean =>
  nodes.some((node) => node.config?.controlPlane?.coreDnsEnabled && node.config.cni !== 'none')
