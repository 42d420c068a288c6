/** The documents about Kubernetes and about finding the members of a cluster. Notation: ./notation.ts. */
export const KUBERNETES_TYPES = `
kind DiscoveryIdentityConfig = clusterID+ clusterSecret+
kind DiscoveryServiceConfig = name+ endpoint+:url
kind KubeAPIServerCAConfig = issuingCA:*PemPair acceptedCAs:[s]
kind KubeAPIServerConfig = image+ extraArgs:args env:{s} resources:ResourcesConfig apiPort:*i certExtraSANs:[s]
  startupProbes:b
kind KubeAdmissionControlConfig = name+ configuration+:any
kind KubeAggregatorCAConfig = issuingCA:*PemPair acceptedCAs:[s]
kind KubeAuditPolicyConfig = configuration+!:any
kind KubeAuthenticationConfig = configuration+!:any
kind KubeAuthorizerConfig = name+ type+ webhook:any
kind KubeClusterConfig = clusterName+ endpoint+:url
kind KubeControllerManagerConfig = enabled:b image+ extraArgs:args env:{s} resources:ResourcesConfig
kind KubeCoreDNSConfig = enabled:b image
kind KubeCredentialProviderConfig = configuration+!:any
kind KubeEtcdEncryptionConfig = config+:any
kind KubeExternalManifestConfig = name+ headers:{s} url+:url
kind KubeFlannelCNIConfig = backendType+ backendPort:i backendMTU:i backendExtraConfig:any resources:ResourcesConfig
  extraArgs:[s] kubeNetworkPoliciesEnabled:b
kind KubeInlineManifestConfig = name+ manifest+
kind KubeNetworkConfig = dnsDomain+ podSubnets+!:[s] serviceSubnets+!:[s] nodeCIDRMaskSizeIPv4:i
  nodeCIDRMaskSizeIPv6:i
kind KubeNodeConfig = skipNodeRegistration:b registerWithFQDN:b nodeIP+:NodeIPConfig labels:{s} annotations:{s}
  taints:{s}
kind KubePrismConfig = port+:i tlsServerName
kind KubeProxyConfig = enabled:b image mode config+:any extraArgs:args resources:ResourcesConfig
kind KubeSchedulerConfig = enabled:b image+ config+:any extraArgs:args env:{s} resources:ResourcesConfig
kind KubeServiceAccountConfig = issuer+:IssuerServiceAccountConfig accepted:AcceptedServiceAccountConfig
kind KubeStaticPodConfig = name+ pod+!:any
kind KubeTalosAPIAccessConfig = allowedRoles:[s] allowedKubernetesNamespaces:[s]
kind KubeletConfig = image+ config+:any extraArgs:args clusterDNS:[s] defaultRuntimeSeccompProfileEnabled:b
AcceptedServiceAccountConfig = publicKeys:[s] issuers:[url] audiences:[s]
IssuerServiceAccountConfig = privateKey+ issuerURL+:url
NodeIPConfig = validSubnets:[s]
ResourcesConfig = requests:any limits:any
`
