/** The cluster half of the v1alpha1 document. Notation: ./notation.ts. */
export const CLUSTER_TYPES = `
APIServerConfig = image extraArgs:args extraVolumes:[VolumeMountConfig] env:{s} certSANs:[s]
  disablePodSecurityPolicy:b admissionControl:[*AdmissionPluginConfig]@name auditPolicy!:any
  resources:*ComponentResources authorizationConfig:[*AuthorizationConfigAuthorizerConfig]
AdminKubeconfigConfig = certLifetime:d
AdmissionPluginConfig = name+ configuration+:any
AuthorizationConfigAuthorizerConfig = type+ name+ webhook:any
CNIConfig = name urls:[s] flannel:*FlannelCNIConfig
ClusterConfig = id secret controlPlane:*ControlPlaneConfig clusterName network:*ClusterNetworkConfig token
  aescbcEncryptionSecret secretboxEncryptionSecret ca:*Pair acceptedCAs:[*OnlyCertificate] aggregatorCA:*Pair
  serviceAccount:*OnlyKey apiServer:*APIServerConfig controllerManager:*ControllerManagerConfig proxy:*ProxyConfig
  scheduler:*SchedulerConfig discovery:*ClusterDiscoveryConfig etcd:*EtcdConfig coreDNS:*CoreDNS
  externalCloudProvider:*ExternalCloudProviderConfig extraManifests:[s] extraManifestHeaders:{s}
  inlineManifests:[ClusterInlineManifest] adminKubeconfig:*AdminKubeconfigConfig allowSchedulingOnMasters:b
  allowSchedulingOnControlPlanes:b
ClusterDiscoveryConfig = enabled:b registries+:DiscoveryRegistriesConfig
ClusterInlineManifest = name+ contents+:manifest
ClusterNetworkConfig = cni:*CNIConfig dnsDomain+ podSubnets+!:[s] serviceSubnets+!:[s]
ComponentResources = requests:any limits:any
ControlPlaneConfig = endpoint+:*url localAPIServerPort:i
ControllerManagerConfig = image extraArgs:args extraVolumes:[VolumeMountConfig] env:{s}
  resources:*ComponentResources
CoreDNS = disabled:b image
DiscoveryRegistriesConfig = kubernetes+:RegistryKubernetesConfig service+:RegistryServiceConfig
EtcdConfig = image ca+:*Pair extraArgs:args subnet advertisedSubnets:[s] listenSubnets:[s]
ExternalCloudProviderConfig = enabled:b manifests:[s]
FlannelCNIConfig = extraArgs:[s] kubeNetworkPoliciesEnabled:b
ProxyConfig = disabled:b image mode extraArgs:args
RegistryKubernetesConfig = disabled:b
RegistryServiceConfig = disabled:b endpoint
SchedulerConfig = image extraArgs:args extraVolumes:[VolumeMountConfig] env:{s} resources:*ComponentResources
  config:any
VolumeMountConfig = hostPath+ mountPath+ readonly:bool
`
