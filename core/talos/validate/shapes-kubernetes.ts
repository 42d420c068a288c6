/** Documents about Kubernetes and discovery. Source: Talos 1.14 `pkg/machinery/config/types/{k8s,cluster}`. */
export const KUBERNETES_SHAPES = `
PemPair: cert text; key text
kind DiscoveryIdentityConfig@14: clusterID! text; clusterSecret! text
kind DiscoveryServiceConfig@14: name! text; endpoint! url:http,https,grpc
kind KubeAPIServerCAConfig@14: issuingCA &PemPair; acceptedCAs text[]
kind KubeAPIServerConfig@14: image! text; extraArgs args; env map; resources object; apiPort int; certExtraSANs text[];
  startupProbes flag
kind KubeAdmissionControlConfig@14: name! text; configuration object
kind KubeAggregatorCAConfig@14: issuingCA &PemPair; acceptedCAs text[]
kind KubeAuditPolicyConfig@14: configuration object
kind KubeAuthenticationConfig@14: configuration object
kind KubeAuthorizerConfig@14: name! text; type! Node|RBAC|Webhook; webhook object
kind KubeClusterConfig@14: clusterName! text; endpoint! url:https
kind KubeControllerManagerConfig@14: enabled flag; image! text; extraArgs args; env map; resources object
kind KubeCoreDNSConfig@14: enabled flag; image text
kind KubeCredentialProviderConfig@14: configuration object
kind KubeEtcdEncryptionConfig@14: config! object
kind KubeExternalManifestConfig@14: name! text; headers map; url! url:http,https
kind KubeFlannelCNIConfig@14: backendType! text; backendPort u16; backendMTU u32; backendExtraConfig object;
  resources object; extraArgs text[]; kubeNetworkPoliciesEnabled flag
kind KubeInlineManifestConfig@14: name! text; manifest text
kind KubeNetworkConfig@14: dnsDomain text; podSubnets! cidr[]; serviceSubnets! cidr[]; nodeCIDRMaskSizeIPv4 int;
  nodeCIDRMaskSizeIPv6 int
kind KubeNodeConfig@14: skipNodeRegistration flag; registerWithFQDN flag; nodeIP &NodeIP; labels map; annotations map;
  taints map
kind KubePrismConfig@14: port! int; tlsServerName text
kind KubeProxyConfig@14: enabled flag; image! text; mode text; config object; extraArgs args; resources object
kind KubeSchedulerConfig@14: enabled flag; image! text; config object; extraArgs args; env map; resources object
kind KubeServiceAccountConfig@14: issuer! &ServiceAccountIssuer; accepted &AcceptedServiceAccounts
ServiceAccountIssuer: privateKey! text; issuerURL! text
AcceptedServiceAccounts: publicKeys text[]; issuers url:http,https[]; audiences text[]
kind KubeStaticPodConfig@14: name! text; pod! object
kind KubeTalosAPIAccessConfig@14: allowedRoles text[]; allowedKubernetesNamespaces text[]
kind KubeletConfig@14: image! text; config object; extraArgs args; clusterDNS text[];
  defaultRuntimeSeccompProfileEnabled flag
`
