/**
 * The v1alpha1 document. Newer Talos goes on reading what older contracts wrote, so nothing here has an end. What the
 * published schema hides because it is old, and a node still reads, is `any`.
 *
 * Source: Talos 1.12 to 1.14 `pkg/machinery/config/types/v1alpha1` and its JSON schemas.
 */
export const MAIN_SHAPES = `
kind Main: version text; debug flag; persist flag; machine! &Machine; cluster! &Cluster
CertificateAndKey: crt text; key text
AcceptedCertificate: crt text
SigningKey: key text
Machine: type! controlplane|worker; token text; ca &CertificateAndKey; acceptedCAs &AcceptedCertificate[];
  certSANs text[]; controlPlane &MachineControlPlane; kubelet &Kubelet; pods object[]; network &MachineNetwork; install &Install;
  files &MachineFile[]; env map; sysctls map; sysfs map; features &Features; udev &Udev; logging &Logging;
  kernel &Kernel; seccompProfiles &SeccompProfile[]; baseRuntimeSpecOverrides object; nodeLabels map;
  nodeAnnotations map; nodeTaints map; registries any; time any; disks any; systemDiskEncryption any
MachineNetwork: kubespan &MachineKubeSpan; hostname any; interfaces any; nameservers any; searchDomains any;
  extraHostEntries any; disableSearchDomain any
MachineKubeSpan: enabled flag; advertiseKubernetesNetworks flag; allowDownPeerBypass flag;
  harvestExtraEndpoints flag; mtu u32; filters &MachineKubeSpanFilters
MachineKubeSpanFilters: endpoints text[]; excludeAdvertisedNetworks text[]
MachineControlPlane: controllerManager &Switch; scheduler &Switch
Switch: disabled flag
Kubelet: image text; clusterDNS text[]; extraArgs args; extraMounts &ExtraMount[]; extraConfig object;
  credentialProviderConfig object; defaultRuntimeSeccompProfileEnabled flag; registerWithFQDN flag; nodeIP &NodeIP;
  skipNodeRegistration flag; disableManifestsDirectory flag
ExtraMount: destination text; type text; source text; options text[]; uidMappings &IdMapping[]; gidMappings &IdMapping[]
IdMapping: containerID u32; hostID u32; size u32
NodeIP: validSubnets text[]
Install: disk text; diskSelector &InstallDiskSelector; image text; wipe flag; legacyBIOSSupport flag;
  grubUseUKICmdline flag; extraKernelArgs text[]; extensions any; bootloader flag
InstallDiskSelector: size text; name text; model text; serial text; modalias text; uuid text; wwid text;
  type ssd|hdd|nvme|sd; busPath text
MachineFile: content text; permissions int; path text; op create|append|overwrite
Features: kubernetesTalosAPIAccess &TalosAPIAccess; diskQuotaSupport flag; kubePrism &KubePrism; hostDNS &HostDNS;
  imageCache &ImageCache; nodeAddressSortAlgorithm text; rbac any; stableHostname any; apidCheckExtKeyUsage any
TalosAPIAccess: enabled flag; allowedRoles text[]; allowedKubernetesNamespaces text[]
KubePrism: enabled flag; port int
HostDNS: enabled flag; forwardKubeDNSToHost flag; resolveMemberNames flag
ImageCache: localEnabled flag
Udev: rules text[]
Logging: destinations &LoggingDestination[]
LoggingDestination: endpoint any; format json_lines; extraTags map
Kernel: modules &KernelModule[]
KernelModule: name text; parameters text[]
SeccompProfile: name text; value object
Cluster: id text; secret text; controlPlane &ControlPlane; clusterName text; network &ClusterNetwork; token text;
  aescbcEncryptionSecret text; secretboxEncryptionSecret text; ca &CertificateAndKey;
  acceptedCAs &AcceptedCertificate[]; aggregatorCA &CertificateAndKey; serviceAccount &SigningKey;
  apiServer &APIServer; controllerManager &ControllerManager; proxy &Proxy; scheduler &Scheduler;
  discovery &ClusterDiscovery; etcd &Etcd; coreDNS &CoreDNS; externalCloudProvider &ExternalCloudProvider;
  extraManifests text[]; extraManifestHeaders map; inlineManifests &InlineManifest[];
  adminKubeconfig &AdminKubeconfig; allowSchedulingOnControlPlanes flag; allowSchedulingOnMasters any
ControlPlane: endpoint url:https; localAPIServerPort int
ClusterNetwork: cni &CNI; dnsDomain text; podSubnets text[]; serviceSubnets text[]
CNI: name flannel|custom|none; urls text[]; flannel &FlannelCNI
FlannelCNI: extraArgs text[]; kubeNetworkPoliciesEnabled@13 flag
APIServer: image text; extraArgs args; extraVolumes &VolumeMount[]; env map; certSANs text[];
  admissionControl &AdmissionPlugin[]; auditPolicy object; resources object; authorizationConfig &Authorizer[];
  disablePodSecurityPolicy any
VolumeMount: hostPath text; mountPath text; readonly flag
AdmissionPlugin: name text; configuration object
Authorizer: type text; name text; webhook object
ControllerManager: image text; extraArgs args; extraVolumes &VolumeMount[]; env map; resources object
Proxy: disabled flag; image text; mode text; extraArgs args
Scheduler: image text; extraArgs args; extraVolumes &VolumeMount[]; env map; resources object; config object
ClusterDiscovery: enabled flag; registries &DiscoveryRegistries
DiscoveryRegistries: kubernetes &Switch; service &DiscoveryService
DiscoveryService: disabled flag; endpoint text
Etcd: image text; ca &CertificateAndKey; extraArgs args; advertisedSubnets text[]; listenSubnets text[]; subnet any
CoreDNS: disabled flag; image text
ExternalCloudProvider: enabled flag; manifests text[]
InlineManifest: name text; contents text
AdminKubeconfig: certLifetime duration
`
