/** The documents about disks, volumes and arrays. Notation: ./notation.ts. */
export const VOLUMES_TYPES = `
kind ExistingVolumeConfig = name+ discovery:VolumeDiscoverySpec mount:ExistingMountSpec trim:*TrimConfig
  scrub:*ScrubConfig
kind ExternalVolumeConfig = name+ filesystemType+:enum(none) mount:ExternalMountSpec
kind FilesystemScrubConfig = interval:d
kind FilesystemTrimConfig = interval:d
kind LVMLogicalVolumeConfig = name+ type+:enum(linear) mirrors:*i stripes:*i
  provisioning+:LVMLogicalVolumeProvisioningSpec
kind LVMVolumeGroupConfig = name+ provisioning+:VolumeGroupProvisioning
kind RAIDArrayConfig = name+ level+:enum(raid1) metadata:enum(1.0) provisioning+:RAIDProvisioningSpec
kind RawVolumeConfig = name+ provisioning:ProvisioningSpec encryption:EncryptionSpec
kind SwapVolumeConfig = name+ provisioning:ProvisioningSpec encryption:EncryptionSpec
kind UserVolumeConfig = name+ volumeType:*s provisioning:ProvisioningSpec filesystem:FilesystemSpec
  encryption:EncryptionSpec mount:UserMountSpec trim:*TrimConfig scrub:*ScrubConfig
kind VolumeConfig = name+ provisioning:ProvisioningSpec filesystem:SystemVolumeFilesystemSpec
  encryption:EncryptionSpec mount:MountSpec trim:*TrimConfig scrub:*ScrubConfig
kind ZswapConfig = maxPoolPercent:*i shrinkerEnabled:b
DiskSelector = match:whole
EncryptionKey = slot+:i static:*EncryptionKeyStatic nodeID:*EncryptionKeyNodeID kms:*EncryptionKeyKMS
  tpm:*EncryptionKeyTPM lockToState:b
EncryptionKeyKMS = endpoint+
EncryptionKeyNodeID =
EncryptionKeyStatic = passphrase
EncryptionKeyTPM = options:*EncryptionKeyTPMOptions checkSecurebootStatusOnEnroll:b
EncryptionKeyTPMOptions = pcrs:[i]
EncryptionSpec = provider+:enum(none) keys+:[EncryptionKey] cipher keySize:i blockSize:i options:[s] allowDiscards:b
ExistingMountSpec = readOnly:b disableAccessTime:b secure:b
ExternalMountSpec = readOnly:b disableAccessTime:b secure:b virtiofs:*VirtiofsMountSpec
FilesystemSpec = type:enum(none) projectQuotaSupport:b xfs:*XFSSpec
LVMLogicalVolumeProvisioningSpec = volumeGroup+ minSize:whole maxSize:size
LVMVolumeSelectorSpec = match:whole
MountSpec = secure:b disableAccessTime:b
ProvisioningSpec = diskSelector:DiskSelector grow:b minSize:whole maxSize:size
RAIDProvisioningSpec = volumeSelector+:RAIDVolumeSelector
RAIDVolumeSelector = match:whole
ScrubConfig = enabled:b interval:d
SystemVolumeFilesystemSpec = xfs:*XFSSpec
TrimConfig = enabled:b interval:d
UserMountSpec = disableAccessTime:b secure:b
VirtiofsMountSpec = tag+
VolumeDiscoverySpec = volumeSelector:VolumeSelector
VolumeGroupProvisioning = volumeSelector:LVMVolumeSelectorSpec
VolumeSelector = match:whole
XFSSpec = minAllocationGroupSize:whole
`
