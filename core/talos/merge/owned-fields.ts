import { LEGACY } from './types/notation.ts'

/**
 * What Lanline itself decides in a machine configuration and a patch may not touch, each with the sentence that the owner
 * of the patch reads. An owned field owns everything below it.
 */
export interface OwnedField {
  readonly kind: string
  /** Of a document with a name, which ones; all of them without. */
  readonly named?: RegExp
  /** From the top of the document; `*` is any key or item. Empty for the whole document. */
  readonly path: readonly string[]
  /** A list or map to which a patch may add, and from which it may not delete. */
  readonly mayAdd?: true
  readonly reason: string
}

const SECRET = 'it comes from the secrets bundle of the cluster, which only rotation changes'
const KUBERNETES = 'the images of Kubernetes follow spec.kubernetes.version'
const NETWORK = 'addresses and NICs come from the network and the placement of the machine'
const NAME = 'the hostname is the name of the machine'
const SCHEDULABLE = 'set spec.controlPlane.schedulable'
const ENDPOINT = 'the endpoint is spec.endpoint.vip'
const NODE_NETWORK = 'it is pinned to spec.nodeNetwork'
const INSTALL = 'the installer follows spec.talos.version and its extensions'
const ROLE = 'the role of a machine is fixed when it is made'
const CLUSTER_NAME = 'it is the name of the cluster'
const ACCESS = 'Lanline adds what gives its users access; more may be added'

const legacy = (dotted: string, reason: string, more: Partial<OwnedField> = {}): OwnedField => ({
  kind: LEGACY,
  path: dotted.split('.'),
  reason,
  ...more,
})
const owned = (kind: string, dotted: string, reason: string, more: Partial<OwnedField> = {}): OwnedField => ({
  kind,
  path: dotted === '' ? [] : dotted.split('.'),
  reason,
  ...more,
})

export const OWNED_FIELDS: readonly OwnedField[] = [
  legacy('version', 'it says how the document is read'),
  legacy('machine.type', ROLE),
  legacy('machine.token', SECRET),
  legacy('machine.ca', SECRET),
  legacy('machine.acceptedCAs', SECRET),
  legacy('machine.certSANs', ACCESS, { mayAdd: true }),
  legacy('machine.kubelet.image', KUBERNETES),
  legacy('machine.kubelet.nodeIP', NODE_NETWORK),
  legacy('machine.install.image', INSTALL),
  legacy('machine.network.hostname', NAME),
  legacy('machine.network.interfaces', NETWORK),
  legacy('machine.network.nameservers', 'nameservers are those of the network'),
  legacy('cluster.id', SECRET),
  legacy('cluster.secret', SECRET),
  legacy('cluster.controlPlane.endpoint', ENDPOINT),
  legacy('cluster.clusterName', CLUSTER_NAME),
  legacy('cluster.token', SECRET),
  legacy('cluster.ca', SECRET),
  legacy('cluster.acceptedCAs', SECRET),
  legacy('cluster.aggregatorCA', SECRET),
  legacy('cluster.serviceAccount', SECRET),
  legacy('cluster.aescbcEncryptionSecret', SECRET),
  legacy('cluster.secretboxEncryptionSecret', SECRET),
  legacy('cluster.etcd.ca', SECRET),
  legacy('cluster.etcd.advertisedSubnets', NODE_NETWORK),
  legacy('cluster.apiServer.image', KUBERNETES),
  legacy('cluster.apiServer.certSANs', ACCESS, { mayAdd: true }),
  legacy('cluster.controllerManager.image', KUBERNETES),
  legacy('cluster.scheduler.image', KUBERNETES),
  legacy('cluster.proxy.image', KUBERNETES),
  legacy('cluster.inlineManifests', ACCESS, { mayAdd: true }),
  legacy('cluster.allowSchedulingOnControlPlanes', SCHEDULABLE),
  legacy('cluster.allowSchedulingOnMasters', SCHEDULABLE),
  owned('HostnameConfig', '', NAME),
  // The names that Lanline gives to the NICs it made; others are the owner's.
  owned('LinkAliasConfig', '', NETWORK, { named: /^net\d+$/ }),
  owned('LinkConfig', '', NETWORK, { named: /^net\d+$/ }),
  owned('Layer2VIPConfig', '', ENDPOINT),
  owned('ResolverConfig', 'nameservers', 'nameservers are those of the network'),
  owned('UnattendedInstallConfig', 'installer', INSTALL),
  owned('DiscoveryIdentityConfig', '', SECRET),
  owned('KubeClusterConfig', '', ENDPOINT),
  owned('KubeNodeConfig', 'nodeIP', NODE_NETWORK),
  owned('KubeletConfig', 'image', KUBERNETES),
  owned('KubeAPIServerCAConfig', '', SECRET),
  owned('KubeAggregatorCAConfig', '', SECRET),
  owned('KubeEtcdEncryptionConfig', '', SECRET),
  owned('KubeServiceAccountConfig', '', SECRET),
  owned('KubeAPIServerConfig', 'image', KUBERNETES),
  owned('KubeAPIServerConfig', 'certExtraSANs', ACCESS, { mayAdd: true }),
  owned('KubeControllerManagerConfig', 'image', KUBERNETES),
  owned('KubeSchedulerConfig', 'image', KUBERNETES),
  owned('KubeProxyConfig', 'image', KUBERNETES),
  owned('KubeInlineManifestConfig', '', ACCESS, { named: /^lanline-/ }),
]
