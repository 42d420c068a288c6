/** How kinds of documents stand to each other, as tables. Source: Talos 1.12 to 1.14 `config/types`. */

/** They configure the link of their name; a link is configured once. */
export const LINK_KINDS = [
  'LinkConfig',
  'VLANConfig',
  'BondConfig',
  'BridgeConfig',
  'DummyLinkConfig',
  'WireguardConfig',
  'VRFConfig',
  'VethConfig',
]

/** Kinds that cannot stand beside another kind of the same name. */
export const RIVALS: Readonly<Record<string, string>> = {
  HCloudVIPConfig: 'Layer2VIPConfig',
  UserVolumeConfig: 'ExistingVolumeConfig',
}

/** What of the v1alpha1 document says the same as a kind; one of the two has to go. */
export const OLDER_FORMS: Readonly<Record<string, readonly string[]>> = {
  HostnameConfig: ['machine.network.hostname', 'machine.features.stableHostname'],
  TimeSyncConfig: ['machine.time.servers', 'machine.time.disabled', 'machine.time.bootTimeout'],
  ResolverConfig: [
    'machine.network.nameservers',
    'machine.network.searchDomains',
    'machine.network.disableSearchDomain',
  ],
  KubeSpanConfig: ['machine.network.kubespan'],
  UnattendedInstallConfig: ['machine.install'],
  DiscoveryIdentityConfig: ['cluster.id', 'cluster.secret'],
  DiscoveryServiceConfig: ['cluster.discovery'],
  CRIBaseRuntimeSpecConfig: ['machine.baseRuntimeSpecOverrides'],
  ImageCacheConfig: ['machine.features.imageCache'],
  KubeAPIServerCAConfig: ['cluster.ca'],
  KubeAPIServerConfig: ['cluster.apiServer', 'cluster.controlPlane.localAPIServerPort'],
  KubeAdmissionControlConfig: ['cluster.apiServer.admissionControl'],
  KubeAggregatorCAConfig: ['cluster.aggregatorCA'],
  KubeAuditPolicyConfig: ['cluster.apiServer.auditPolicy'],
  KubeClusterConfig: ['cluster.clusterName', 'cluster.controlPlane.endpoint'],
  KubeControllerManagerConfig: ['cluster.controllerManager', 'machine.controlPlane.controllerManager'],
  KubeCoreDNSConfig: ['cluster.coreDNS'],
  KubeCredentialProviderConfig: ['machine.kubelet'],
  KubeEtcdEncryptionConfig: ['cluster.secretboxEncryptionSecret', 'cluster.aescbcEncryptionSecret'],
  KubeFlannelCNIConfig: ['cluster.network'],
  KubeNetworkConfig: ['cluster.network'],
  KubeNodeConfig: [
    'cluster.allowSchedulingOnControlPlanes',
    'cluster.allowSchedulingOnMasters',
    'machine.nodeLabels',
    'machine.nodeAnnotations',
    'machine.nodeTaints',
    'machine.kubelet.nodeIP',
    'machine.kubelet.skipNodeRegistration',
    'machine.kubelet.registerWithFQDN',
  ],
  KubePrismConfig: ['machine.features.kubePrism'],
  KubeProxyConfig: ['cluster.proxy'],
  KubeSchedulerConfig: ['cluster.scheduler', 'machine.controlPlane.scheduler'],
  KubeServiceAccountConfig: ['cluster.serviceAccount'],
  KubeTalosAPIAccessConfig: ['machine.features.kubernetesTalosAPIAccess'],
  KubeletConfig: ['machine.kubelet'],
}

/** Refused on a worker. */
export const CONTROL_PLANE_KINDS = [
  'KubeAPIServerConfig',
  'KubeAdmissionControlConfig',
  'KubeAggregatorCAConfig',
  'KubeAuditPolicyConfig',
  'KubeAuthenticationConfig',
  'KubeAuthorizerConfig',
  'KubeControllerManagerConfig',
  'KubeCoreDNSConfig',
  'KubeEtcdEncryptionConfig',
  'KubeFlannelCNIConfig',
  'KubeProxyConfig',
  'KubeSchedulerConfig',
  'KubeServiceAccountConfig',
  'KubeTalosAPIAccessConfig',
  // A node takes it anywhere; only control planes can ever hold the address.
  'Layer2VIPConfig',
]
