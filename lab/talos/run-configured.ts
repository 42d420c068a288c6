import type { KubernetesCluster } from '../kubernetes/cluster.ts'
import type { NodeConfig } from './config/node-config.ts'
import { DURATION } from './durations.ts'
import type { TalosNode } from './node.ts'
import { flannelImage, proxyImage, runControlPlane } from './run-control-plane.ts'
import { runEtcd } from './run-etcd.ts'
import { installUnattended } from './unattended-install.ts'

/**
 * What a configured node does from here on, everything side by side as Talos' controllers do it: its API with the
 * cluster's certificates, time, kubelet, and on control planes etcd and the static pods. Ends when the power goes.
 */
export async function runConfigured(node: TalosNode, config: NodeConfig, signal: AbortSignal): Promise<void> {
  const cluster = node.world.cluster(config.clusterId)
  node.cluster = cluster
  cluster.join(node)
  if (config.type === 'worker') {
    node.services.set('apid', 'Waiting', 'Waiting for file "/system/secrets/apid/apid.pem" to exist')
    // trustd on a control plane signs a worker's certificate for its machine token.
    await node.world.changes.until(() => cluster.signerFor(config.machineToken) !== undefined, signal)
    signal.throwIfAborted()
  } else node.services.set('trustd', 'Running', 'Started task trustd')
  await node.serve('secure', signal)
  node.services.set('apid', 'Running', 'Health check successful')
  node.services.set('cri', 'Running', 'Health check successful')

  await Promise.all([
    syncTime(node, signal),
    runKubelet(node, signal),
    ...(config.controlPlane ? [runEtcd(node, signal).then(() => runControlPlane(node, signal))] : []),
    finishBoot(node, signal),
    ...(config.unattendedInstall ? [installUnattended(node, config.unattendedInstall, signal)] : []),
  ])
}

async function syncTime(node: TalosNode, signal: AbortSignal): Promise<void> {
  if (node.config?.timeSyncEnabled) await node.world.busy('time.sync', node.hostname, DURATION.timeSync, signal)
  signal.throwIfAborted()
  node.timeSynced = true
  node.changed()
}

/** The kubelet starts and keeps its node registered, also in a Kubernetes that was born again or recovered. */
async function runKubelet(node: TalosNode, signal: AbortSignal): Promise<void> {
  node.services.set('kubelet', 'Preparing', 'Running pre state')
  await node.world.busy('kubelet.start', node.hostname, DURATION.kubeletStart, signal)
  node.services.set('kubelet', 'Running', 'Health check successful')
  const { cluster } = node
  while (cluster) {
    await node.world.changes.until(() => cluster.apiAnswers() && registrable(node), signal)
    signal.throwIfAborted()
    const { kubernetes } = cluster
    await beNode(node, kubernetes, signal)
    await node.world.changes.until(() => cluster.kubernetes !== kubernetes, signal)
    signal.throwIfAborted()
    node.nodeReady = false
    node.changed()
  }
}

/** Registers the node once its kubelet reaches an API server; it becomes ready with the CNI. */
async function beNode(node: TalosNode, kubernetes: KubernetesCluster, signal: AbortSignal): Promise<void> {
  await node.world.busy('node.register', node.hostname, DURATION.nodeRegister, signal)
  registerNode(node)
  if (node.config?.cni === 'none') return
  await node.world.busy('node.ready', node.hostname, DURATION.nodeReady, signal)
  kubernetes.setReadiness(node.hostname, { status: 'True' })
  putNodePods(node)
  node.nodeReady = true
  node.changed()
}

/** On a control plane the kubelet talks to the API server beside it, so it waits for that one. */
const registrable = (node: TalosNode): boolean => node.config?.type === 'worker' || node.apiServer !== undefined

/** Writes the Node object as this node's configuration wants it; again after each change of it. */
export function registerNode(node: TalosNode): void {
  const { config, cluster, disk, hardware } = node
  if (!config || !cluster) return
  const isControlPlane = config.controlPlane !== undefined
  const taints = [
    ...config.nodeTaints,
    ...(config.controlPlane && !config.controlPlane.schedulable
      ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]
      : []),
  ]
  cluster.kubernetes.registerNode({
    name: node.hostname,
    address: node.address,
    uuid: node.uuid,
    bootId: node.bootId,
    cores: hardware.cores,
    memoryMiB: hardware.memoryMiB,
    kubeletVersion: config.kubeletVersion,
    talosVersion: disk?.talosVersion ?? '',
    labels: { ...(isControlPlane ? { 'node-role.kubernetes.io/control-plane': '' } : {}), ...config.nodeLabels },
    annotations: config.nodeAnnotations,
    taints,
    podCidr: podCidrOf(node),
  })
}

/** The node's slice of the pod network, the same as long as it lives. */
function podCidrOf(node: TalosNode): string {
  const [base = '10.244.0.0/16'] = node.config?.podSubnets ?? []
  const [first = '10', second = '244'] = base.split('.')
  return `${first}.${second}.${Number(node.address.split('.')[3] ?? 0)}.0/24`
}

/** The pods that run on every node. */
function putNodePods(node: TalosNode): void {
  const { config, cluster } = node
  if (!config || !cluster) return
  const on = { nodeName: node.hostname, hostIp: node.address, podIp: node.address, ready: true }
  const suffix = node.uuid.slice(-5)
  if (config.cni === 'flannel')
    cluster.kubernetes.putPod({
      ...on,
      name: `kube-flannel-${suffix}`,
      app: 'flannel',
      owner: { kind: 'DaemonSet', name: 'kube-flannel' },
      image: flannelImage(node),
    })
  const proxied = [...cluster.nodes].map((one) => one.config?.controlPlane).find((one) => one?.proxyEnabled)
  if (proxied)
    cluster.kubernetes.putPod({
      ...on,
      name: `kube-proxy-${suffix}`,
      app: 'kube-proxy',
      owner: { kind: 'DaemonSet', name: 'kube-proxy' },
      image: proxyImage(proxied),
    })
}

/** A node is `running` once its boot sequence is through: kubelet, and etcd on control planes. */
async function finishBoot(node: TalosNode, signal: AbortSignal): Promise<void> {
  const through = () =>
    node.services.healthy('kubelet') && (node.config?.type === 'worker' || node.services.healthy('etcd'))
  await node.world.changes.until(through, signal)
  signal.throwIfAborted()
  node.setStage('running')
}
