import { isIP } from 'node:net'
import { startApiServer } from '../kubernetes/api-server.ts'
import type { ControlPlaneConfig } from './config/node-config.ts'
import { DURATION } from './durations.ts'
import { bare } from './network.ts'
import type { TalosNode } from './node.ts'
import { issueLeaf } from './pki.ts'

const YEAR_MS = 365 * 24 * 3_600_000

/** The static pods of a control plane; resolves when its API server answers, and stops it when etcd leaves the node. */
export async function runControlPlane(node: TalosNode, signal: AbortSignal): Promise<void> {
  const { cluster, config, disk, world } = node
  if (!cluster || !config?.controlPlane) return
  const firstTime = !cluster.kubernetes.isRegistered(node.hostname)
  const first = cluster.etcd.bootstrappedBy === node.uuid
  const duration = !firstTime
    ? DURATION.controlPlaneRestart
    : first
      ? DURATION.controlPlaneStart
      : DURATION.controlPlaneJoin
  await world.busy('controlplane.start', node.hostname, duration, signal)

  const server = await startApiServer({
    cluster: cluster.kubernetes,
    serving: await issueLeaf(config.controlPlane.kubernetesCa, {
      commonName: 'kube-apiserver',
      organizations: ['kube-master'],
      names: servingNames(node),
      usage: 'server',
      keyType: 'ecdsa',
      lifetimeMs: YEAR_MS,
      at: world.time.now(),
    }),
    clientCaPem: config.kubernetesCa.certPem,
    kubernetesVersion: () => node.config?.controlPlane?.versions.apiServer ?? '',
    time: world.time,
  })
  if (signal.aborted) await server.close()
  signal.throwIfAborted()
  for (const manifest of config.controlPlane.inlineManifests) cluster.kubernetes.applyManifests(manifest)
  putStaticPods(node, config.controlPlane)
  putWorkloads(node, config.controlPlane)
  if (config.controlPlane.coreDnsEnabled) cluster.kubernetes.wantCoreDns()
  node.setApiServer(server)

  await world.changes.until(() => disk?.etcdMember === undefined, signal)
  signal.throwIfAborted()
  node.setApiServer(undefined)
  await server.close()
}

const STATIC_PODS = [
  { app: 'kube-apiserver', version: 'apiServer' },
  { app: 'kube-controller-manager', version: 'controllerManager' },
  { app: 'kube-scheduler', version: 'scheduler' },
] as const

export function putStaticPods(node: TalosNode, config: ControlPlaneConfig): void {
  for (const { app, version } of STATIC_PODS)
    node.cluster?.kubernetes.putPod({
      name: `${app}-${node.hostname}`,
      app,
      image: `registry.k8s.io/${app}:v${config.versions[version]}`,
      nodeName: node.hostname,
      hostIp: node.address,
      podIp: node.address,
      ready: true,
      configVersion: String(node.configVersion),
    })
}

/** The sets that run on every node, as far as the configuration wants them. */
function putWorkloads(node: TalosNode, controlPlane: ControlPlaneConfig): void {
  const kubernetes = node.cluster?.kubernetes
  if (node.config?.cni === 'flannel')
    kubernetes?.wantWorkload({ kind: 'DaemonSet', name: 'kube-flannel', app: 'flannel', image: flannelImage(node) })
  const image = proxyImage(controlPlane)
  if (controlPlane.proxyEnabled)
    kubernetes?.wantWorkload({ kind: 'DaemonSet', name: 'kube-proxy', app: 'kube-proxy', image })
}

export const flannelImage = (node: TalosNode): string => `ghcr.io/siderolabs/flannel:${node.edition.flannelVersion}`
export const proxyImage = (controlPlane: ControlPlaneConfig): string =>
  `registry.k8s.io/kube-proxy:v${controlPlane.versions.proxy}`

/** The address of the `kubernetes` service: the first of the service network. */
const firstAddress = (subnet: string): string => bare(subnet).replace(/\d+$/, (last) => String(Number(last) + 1))

/** Every name by which clients may reach this API server. */
function servingNames(node: TalosNode): readonly string[] {
  const { config } = node
  const endpoint = config?.endpoint.host ?? ''
  return [
    ...node.links.flatMap((link) => link.addresses).map(bare),
    ...(config?.vips.map((vip) => vip.address) ?? []),
    ...(endpoint === '' ? [] : [endpoint]),
    ...(config?.controlPlane?.apiServerSans ?? []),
    node.hostname,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
    '127.0.0.1',
    ...(config?.serviceSubnets ?? []).map(firstAddress),
  ].filter((name) => isIP(name) || /^[a-z0-9.*-]+$/i.test(name))
}
