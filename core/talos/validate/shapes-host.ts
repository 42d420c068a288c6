/**
 * Documents about volumes, registries, the kernel and what else runs on the host.
 *
 * Source: Talos 1.12 to 1.14 `pkg/machinery/config/types/{block,storage,cri,runtime,container,…}`.
 */
export const HOST_SHAPES = `
EncryptionKey: slot int; static &StaticKey; nodeID &NodeIdKey; kms &KmsKey; tpm &TpmKey; lockToState flag
StaticKey: passphrase text
NodeIdKey:
KmsKey: endpoint text
TpmKey: options &TpmOptions; checkSecurebootStatusOnEnroll flag
TpmOptions: pcrs int[]
Encryption: provider none|luks2; keys &EncryptionKey[];
  cipher text; keySize u32; blockSize u32;
  options text[]; allowDiscards@14 flag
DiskSelector: match cel:disk
VolumeSelector: match cel:volume
MemberSelector: match cel:member
Provisioning: diskSelector &DiskSelector; grow flag; minSize text; maxSize text
Filesystem: type none|ext4|xfs|btrfs; projectQuotaSupport flag; xfs@14 &XFS
SystemFilesystem: xfs &XFS
XFS: minAllocationGroupSize text
Trim: enabled flag; interval duration
Scrub: enabled flag; interval duration
SystemMount: secure flag; disableAccessTime@14 flag
UserMount: disableAccessTime flag; secure flag
ExistingMount: readOnly flag; disableAccessTime@13 flag; secure@13 flag
ExternalMount: readOnly flag; disableAccessTime flag; secure flag; virtiofs &Virtiofs
Virtiofs: tag text
VolumeDiscovery: volumeSelector &VolumeSelector
kind VolumeConfig: name! text; provisioning &Provisioning; encryption &Encryption; mount@13 &SystemMount;
  filesystem@14 &SystemFilesystem; trim@14 &Trim; scrub@14 &Scrub
kind UserVolumeConfig: name! text; volumeType directory|disk|partition; provisioning &Provisioning;
  filesystem &Filesystem; encryption &Encryption; mount@13 &UserMount; trim@14 &Trim; scrub@14 &Scrub
kind RawVolumeConfig: name! text; provisioning &Provisioning; encryption &Encryption
kind SwapVolumeConfig: name! text; provisioning &Provisioning; encryption &Encryption
kind ExistingVolumeConfig: name! text; discovery &VolumeDiscovery; mount &ExistingMount; trim@14 &Trim; scrub@14 &Scrub
kind ExternalVolumeConfig@13: name! text; filesystemType virtiofs; mount &ExternalMount
kind ZswapConfig: maxPoolPercent int; shrinkerEnabled flag
kind FilesystemTrimConfig@14: interval duration
kind FilesystemScrubConfig@14: interval duration
kind LVMVolumeGroupConfig@14: name! text; provisioning &VolumeGroupProvisioning
VolumeGroupProvisioning: volumeSelector &MemberSelector
kind LVMLogicalVolumeConfig@14: name! text; type text; mirrors u32; stripes u32; provisioning &LogicalProvisioning
LogicalProvisioning: volumeGroup text; minSize text; maxSize text
kind RAIDArrayConfig@14: name! text; level raid1; metadata 1.0|1.2; provisioning &VolumeGroupProvisioning
RegistryEndpoint: url! url:http,https; overridePath flag
ClientIdentity: crt text; cert text; key text
kind RegistryMirrorConfig: name! text; endpoints &RegistryEndpoint[]; skipFallback flag
kind RegistryTLSConfig: name! text; clientIdentity &ClientIdentity; ca text; insecureSkipVerify flag
kind RegistryAuthConfig: name! text; username text; password text; auth text; identityToken text
kind CRIBaseRuntimeSpecConfig@14: overrides object
kind CRICustomizationConfig@14: name! text; content text
kind ImageCacheConfig@14: local &LocalImageCache
LocalImageCache: enabled flag
kind ExtensionServiceConfig: name! text; configFiles &ExtensionFile[]; environment text[]
ExtensionFile: content text; mountPath text
kind PCIDriverRebindConfig: name! text; targetDriver text
kind ImageVerificationConfig@13: rules &ImageRule[]
ImageRule: image text; skip flag; deny flag; keyless &KeylessVerifier; publicKey &PublicKeyVerifier
KeylessVerifier: issuer text; subject text; subjectRegex text
PublicKeyVerifier: certificate text
kind TrustedRootsConfig: name! text; certificates text
kind SideroLinkConfig: apiUrl url:https,grpc; uniqueToken text
kind EventSinkConfig: endpoint text
kind KmsgLogConfig: name! text; url! url:tcp,udp
kind OOMConfig: triggerExpression cel:oom-trigger; cgroupRankingExpression cel:oom-ranking; strictCgroupClassOrdering@13 flag;
  sampleInterval duration
kind WatchdogTimerConfig: device text; timeout duration
kind EnvironmentConfig@13: variables map
kind EtcFileConfig@14: name! text; mode int; contents text
kind KernelModuleConfig@14: name! text; parameters text[]
kind SysctlConfig@14: params map
kind SysfsConfig@14: params map
kind UdevRulesConfig@14: rules text[]
kind SecurityProfileConfig@14: workloadIsolation flag
kind UnattendedInstallConfig@14: reboot flag; installer &Installer; provisioning! &InstallProvisioning
Installer: image text
InstallProvisioning: diskSelector! &DiskSelector; wipe flag
kind ContainerConfig@14: name! text; image! text; entrypoint text[]; args text[]; workingDir text; runAs &RunAs;
  environment text[]; mounts &ContainerMount[]; security &ContainerSecurity; network &ContainerNetwork;
  resources &ContainerResources; dependsOn &DependsOn
RunAs: uid int; gid int
ContainerMount: userVolume &UserVolumeMount; tmpfs &TmpfsMount; hostPath &HostPathMount
UserVolumeMount: name text; destination text; options text[]
TmpfsMount: destination text; size text; options text[]
HostPathMount: source text; destination text; options text[]
ContainerSecurity: profile restricted|privileged; capabilities &Capabilities; machinedAccess flag
Capabilities: add text[]; drop text[]
ContainerNetwork: mode none|host
ContainerResources: limits &ContainerLimits
ContainerLimits: cpu text; memory text
DependsOn: paths text[]; networks text[]; time flag; containers text[]
`
