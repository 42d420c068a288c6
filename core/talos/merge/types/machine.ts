/** The machine half of the v1alpha1 document and the pieces that both halves use. Notation: ./notation.ts. */
export const MACHINE_TYPES = `
kind v1alpha1 = version+ debug:b persist:b machine+:*MachineConfig cluster+:*ClusterConfig
Bond = interfaces+:[s] deviceSelectors:[NetworkDeviceSelector] arpIPTarget:[s] mode+ xmitHashPolicy lacpRate
  adActorSystem arpValidate arpAllTargets primary primaryReselect failOverMac adSelect miimon:i updelay:i
  downdelay:i arpInterval:i resendIgmp:i minLinks:i lpInterval:i packetsPerSlave:i numPeerNotif:i tlbDynamicLb:i
  allSlavesActive:i useCarrier:b adActorSysPrio:i adUserPortKey:i peerNotifyDelay:i
Bridge = interfaces+:[s] stp:*STP vlan:*BridgeVLAN
BridgePort = master
BridgeVLAN = vlanFiltering:b
DHCPOptions = routeMetric+:i ipv4:b ipv6:b duidv6
Device = interface deviceSelector:*NetworkDeviceSelector addresses:[s] cidr routes:[*Route] bond:*Bond
  bridge:*Bridge bridgePort:*BridgePort vlans:[*Vlan]@vlanId mtu:i dhcp:b ignore:b dummy:b dhcpOptions:*DHCPOptions
  wireguard:*DeviceWireguardConfig vip:*DeviceVIPConfig
DeviceVIPConfig = ip equinixMetal:*VIPEquinixMetalConfig hcloud:*VIPHCloudConfig
DeviceWireguardConfig = privateKey listenPort:i firewallMark:i peers:[*DeviceWireguardPeer]
DeviceWireguardPeer = publicKey endpoint persistentKeepaliveInterval:d allowedIPs:[s]
DiskKey = static:*DiskKeyStatic nodeID:*DiskKeyNodeID kms:*DiskKeyKMS slot+:i tpm:*DiskKeyTPM
DiskKeyKMS = endpoint+
DiskKeyNodeID =
DiskKeyStatic = passphrase
DiskKeyTPM = checkSecurebootStatusOnEnroll:b
DiskPartition = size:scalar mountpoint
EncryptionConfig = provider+ keys+:[*DiskKey] cipher keySize:i blockSize:i options:[s]
ExtraHost = ip+ aliases+:[s]
ExtraMount = destination+ type source options:[s] uidMappings:[LinuxIDMapping] gidMappings:[LinuxIDMapping]
FeaturesConfig = rbac:b stableHostname:b kubernetesTalosAPIAccess:*KubernetesTalosAPIAccessConfig
  apidCheckExtKeyUsage:b diskQuotaSupport:b kubePrism:*KubePrism hostDNS:*HostDNSFeature
  imageCache:*ImageCacheFeature nodeAddressSortAlgorithm
HostDNSFeature = enabled:b forwardKubeDNSToHost:b resolveMemberNames:b
ImageCacheFeature = localEnabled:b
InstallConfig = disk diskSelector:*InstallDiskSelector extraKernelArgs:[s] image extensions:[InstallExtensionConfig]
  bootloader:b wipe+:b legacyBIOSSupport:b grubUseUKICmdline:b
InstallDiskSelector = size:*s name model serial modalias uuid wwid type busPath
InstallExtensionConfig = image+
KernelConfig = modules:[*KernelModule]
KernelModule = name+ parameters:[s]
KubePrism = enabled:b port:i
KubeSpanFilters = endpoints:[s] excludeAdvertisedNetworks:[s]
KubeletNodeIPConfig = validSubnets:[s]
KubeletSection = image clusterDNS:[s] extraArgs:args extraMounts:[ExtraMount] extraConfig:any
  credentialProviderConfig:any defaultRuntimeSeccompProfileEnabled:b registerWithFQDN:b nodeIP:*KubeletNodeIPConfig
  skipNodeRegistration:b disableManifestsDirectory:b
KubernetesTalosAPIAccessConfig = enabled:b allowedRoles:[s] allowedKubernetesNamespaces:[s]
LinuxIDMapping = containerID+:i hostID+:i size+:i
LoggingConfig = destinations+:[LoggingDestination]
LoggingDestination = endpoint+:*url format+ extraTags:{s}
MachineConfig = type+ token+ ca:*Pair acceptedCAs:[*OnlyCertificate] certSANs+:[s]
  controlPlane:*MachineControlPlaneConfig kubelet:*KubeletSection pods:[any] network:*NetworkConfig
  disks:[*MachineDisk] install:*InstallConfig files:[*MachineFile] env:{s} time:*TimeConfig sysctls:{s} sysfs:{s}
  registries:RegistriesConfig systemDiskEncryption:*SystemDiskEncryptionConfig features:*FeaturesConfig
  udev:*UdevConfig logging:*LoggingConfig kernel:*KernelConfig seccompProfiles:[*MachineSeccompProfile]
  baseRuntimeSpecOverrides:any nodeLabels:{s} nodeAnnotations:{s} nodeTaints:{s}
MachineControlPlaneConfig = controllerManager:*MachineControllerManagerConfig scheduler:*MachineSchedulerConfig
MachineControllerManagerConfig = disabled:b
MachineDisk = device partitions:[*DiskPartition]
MachineFile = content+ permissions+:mode path+ op+
MachineSchedulerConfig = disabled:b
MachineSeccompProfile = name+ value+:any
MirrorEntry = endpoints+:[s] overridePath:b skipFallback:b
NetworkConfig = hostname interfaces:[*Device]@interface|deviceSelector nameservers:[s] searchDomains:[s]
  extraHostEntries:[*ExtraHost] kubespan:*NetworkKubeSpan disableSearchDomain:b
NetworkDeviceSelector = busPath hardwareAddr permanentAddr pciID driver physical:b
NetworkKubeSpan = enabled:b advertiseKubernetesNetworks:b allowDownPeerBypass:b harvestExtraEndpoints:b mtu:*i
  filters:*KubeSpanFilters
OnlyCertificate = crt+:pem
OnlyKey = key+:pem
Pair = crt+:pem key+:pem
RegistriesConfig = mirrors:{*MirrorEntry} config:{*RegistryConfig}
RegistryAuth = username password auth identityToken
RegistryConfig = tls:*RegistryTLS auth:*RegistryAuth
RegistryTLS = clientIdentity:*Pair ca:bytes insecureSkipVerify:b
Route = network+ gateway+ source metric:i mtu:i
STP = enabled:b
SystemDiskEncryptionConfig = state:*EncryptionConfig ephemeral:*EncryptionConfig
TimeConfig = disabled:b servers:[s] bootTimeout:d
UdevConfig = rules:[s]
VIPEquinixMetalConfig = apiToken+
VIPHCloudConfig = apiToken+
Vlan = addresses:[s] cidr routes+:[*Route] dhcp:b vlanId+:i mtu:i vip:*DeviceVIPConfig dhcpOptions:*DHCPOptions
`
