import { parseAllDocuments } from 'yaml'
import { readyOf } from '../kubernetes-view.ts'
import type { TalosNode } from '../node.ts'
import type { CosiDraft } from '../resource-table.ts'
import { binaryKubelet, binaryNodename, binaryPodStatus } from './binary.ts'
import { draft } from './draft.ts'

const STATIC_PODS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
/** The kubelet does not know its own name's version, and nobody compares it. */
const HOSTNAME_VERSION = '1'

/** What the node runs for Kubernetes, and what it knows of itself there. */
export function kubernetesResources(node: TalosNode): readonly CosiDraft[] {
  const { config, hostname } = node
  if (!config) return []
  const image = `ghcr.io/siderolabs/kubelet:v${config.kubeletVersion}`
  const args = [`--hostname-override=${hostname}`, `--node-ip=${node.address}`, '--config=/etc/kubernetes/kubelet.yaml']
  return [
    draft(
      'Nodenames',
      'nodename',
      { nodename: hostname, hostnameVersion: HOSTNAME_VERSION, skipNodeRegistration: false },
      () => binaryNodename(hostname, HOSTNAME_VERSION),
    ),
    draft('NodeIPs', 'kubelet', { addresses: [node.address] }),
    draft('KubeletSpecs', 'kubelet', { image, args, expectedNodename: hostname }, () =>
      binaryKubelet(image, args, hostname),
    ),
    ...nodeStatus(node),
    ...(config.controlPlane ? controlPlane(node, config.controlPlane) : []),
  ]
}

const objectsIn = (manifest: string): readonly unknown[] =>
  [...parseAllDocuments(manifest)].map((document): unknown => document.toJS())

function nodeStatus(node: TalosNode): readonly CosiDraft[] {
  const seen = node.cluster?.kubernetes.store.find('nodes', node.hostname)
  if (!seen) return []
  const { unschedulable = false } = (seen['spec'] as { unschedulable?: boolean } | undefined) ?? {}
  return [
    draft('NodeStatuses', node.hostname, {
      nodename: node.hostname,
      nodeReady: readyOf(seen) === 'True',
      unschedulable,
      labels: seen.metadata.labels ?? {},
      annotations: seen.metadata.annotations ?? {},
    }),
  ]
}

function controlPlane(
  node: TalosNode,
  config: NonNullable<NonNullable<TalosNode['config']>['controlPlane']>,
): readonly CosiDraft[] {
  const { versions } = config
  const image = (app: string, version: string) => ({ image: `registry.k8s.io/${app}:v${version}` })
  const endpoints = [...(node.cluster?.apiServers() ?? [])].map((other) => other.address)
  return [
    draft('APIServerConfigs', 'kube-apiserver', {
      ...image('kube-apiserver', versions.apiServer),
      localPort: node.config?.apiPort,
      controlPlaneEndpoint: node.config?.endpoint.url,
      etcdServers: ['https://127.0.0.1:2379'],
      serviceCIDRs: node.config?.serviceSubnets ?? [],
    }),
    draft('ControllerManagerConfigs', 'kube-controller-manager', {
      enabled: true,
      ...image('kube-controller-manager', versions.controllerManager),
      podCIDRs: node.config?.podSubnets ?? [],
    }),
    draft('SchedulerConfigs', 'kube-scheduler', { enabled: true, ...image('kube-scheduler', versions.scheduler) }),
    draft('BootstrapManifestsConfigs', 'manifests', {
      server: 'https://127.0.0.1:7445',
      podCIDRs: node.config?.podSubnets ?? [],
      proxyEnabled: config.proxyEnabled,
      ...image('kube-proxy', versions.proxy),
      coreDNSEnabled: config.coreDnsEnabled,
    }),
    draft('Endpoints', 'controlplane', { addresses: endpoints, hosts: [] }),
    ...config.inlineManifests.map((manifest, index) =>
      draft('Manifests', `99-inline-manifest-${index}`, objectsIn(manifest)),
    ),
    ...STATIC_PODS.flatMap((app) => staticPod(node, app)),
  ]
}

function staticPod(node: TalosNode, app: string): readonly CosiDraft[] {
  const pod = node.cluster?.kubernetes.store.find('pods', `${app}-${node.hostname}`, 'kube-system')
  if (!pod || !node.services.healthy('kubelet')) return []
  const definition = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: app, namespace: 'kube-system' },
    spec: pod['spec'],
  }
  return [
    draft('StaticPods', app, definition),
    draft('StaticPodStatuses', `kube-system/${app}-${node.hostname}`, pod['status'], () =>
      binaryPodStatus(pod['status']),
    ),
  ]
}
