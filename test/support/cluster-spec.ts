import { ClusterDocument } from '#core/model/document.ts'
import type { ClusterSpec } from '#core/model/cluster.ts'

/** Everything a spec can say about Talos and Kubernetes, as people would write it for Talos 1.14. */
export const EVERY_TALOS_SETTING = {
  kernelModules: [{ name: 'br_netfilter' }, { name: 'nvidia_uvm', parameters: ['debug=1'] }],
  sysctls: { 'net.core.somaxconn': '65535' },
  registries: {
    mirrors: { 'docker.io': { endpoints: ['https://mirror.home.arpa'], skipFallback: true } },
    tls: { 'mirror.home.arpa': { insecureSkipVerify: true } },
  },
  diskEncryption: {
    state: [{ kind: 'node-id' as const }],
    ephemeral: [
      { kind: 'kms' as const, endpoint: 'grpc://kms.home.arpa:4050', lockToState: true },
      { kind: 'tpm' as const },
    ],
  },
  timeServers: ['time.home.arpa'],
  discovery: { enabled: false },
  hostDns: false,
  certSANs: ['talos.home.arpa'],
}

export const EVERY_KUBERNETES_SETTING = {
  cni: { name: 'custom' as const, urls: ['https://home.arpa/cni.yaml'] },
  podSubnets: ['10.32.0.0/14'],
  serviceSubnets: ['10.40.0.0/16'],
  dnsDomain: 'home.arpa',
  kubePrism: { enabled: true, port: 7446 },
  extraManifests: ['https://home.arpa/metrics.yaml'],
}

export const EVERY_NODE_SETTING = {
  nodeLabels: { 'topology.kubernetes.io/zone': 'rack-1' },
  nodeTaints: { 'home.arpa/gpu': 'yes:NoExecute' },
  nodeAnnotations: { 'home.arpa/owner': 'ana' },
}

const MACHINES = { 'cp-1': '192.168.1.51', 'cp-2': '192.168.1.52', 'cp-3': '192.168.1.53' }

interface SpecChanges {
  readonly talos?: object
  readonly kubernetes?: object
  readonly controlPlane?: object
  readonly workers?: object
  readonly machinePatches?: object
}

/** The cluster of the first story with changes of its settings, not yet checked. */
export const clusterWith = ({ talos, kubernetes, controlPlane, ...rest }: SpecChanges) => ({
  apiVersion: 'lanline/v1alpha1',
  kind: 'Cluster',
  metadata: { name: 'home' },
  spec: {
    site: 'home',
    talos: { version: 'v1.13.9', extensions: ['qemu-guest-agent'], ...talos },
    kubernetes: { version: 'v1.34.2', ...kubernetes },
    nodeNetwork: 'lan',
    endpoint: { vip: '192.168.1.50' },
    controlPlane: { class: 'cp-small', schedulable: true, machines: MACHINES, ...controlPlane },
    ...rest,
  },
})

/** The same, checked by its schema. */
export const aClusterWith = (changes: SpecChanges): ClusterDocument => ClusterDocument.parse(clusterWith(changes))
export const aSpecWith = (changes: SpecChanges): ClusterSpec => aClusterWith(changes).spec
