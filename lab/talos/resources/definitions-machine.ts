import { define, type Definition } from './define.ts'

/** The machine itself: hardware, disks, what runs, what it says of its state. */
const condition = 'runtime.MachineStatusController'

export const MACHINE_DEFINITIONS: readonly Definition[] = [
  define('runtime', 'MachineStatuses.runtime.talos.dev', {
    columns: { Stage: '{.stage}', Ready: '{.status.ready}' },
    owner: condition,
  }),
  define('runtime', 'BootIDs.runtime.talos.dev', {
    columns: { 'Boot ID': '{.bootID}' },
    owner: 'runtime.BootIDController',
    since: '1.14',
  }),
  define('runtime', 'UnattendedInstallStatuses.runtime.talos.dev', {
    columns: { Phase: '{.phase}' },
    owner: 'runtime.UnattendedInstallController',
    since: '1.14',
  }),
  define('runtime', 'ImageFactorySchematics.runtime.talos.dev', {
    columns: { ID: '{.schematicID}' },
    owner: 'runtime.ImageFactorySchematicController',
    since: '1.14',
  }),
  define('runtime', 'Services.v1alpha1.talos.dev', {
    aliases: ['svc'],
    columns: { Running: '{.running}', Healthy: '{.healthy}', 'Health Unknown': '{.unknown}' },
    owner: 'v1alpha1.ServiceController',
  }),
  define('runtime', 'TimeStatuses.v1alpha1.talos.dev', {
    columns: { Synced: '{.synced}' },
    owner: 'time.SyncController',
  }),
  define('runtime', 'AdjtimeStatuses.v1alpha1.talos.dev'),
  define('runtime', 'Versions.runtime.talos.dev', {
    columns: { Version: '{.version}' },
    owner: 'runtime.VersionController',
  }),
  define('runtime', 'Diagnostics.runtime.talos.dev', { columns: { Message: '{.message}' } }),
  define('runtime', 'SecurityStates.talos.dev', {
    columns: {
      SecureBoot: '{.secureBoot}',
      UKISigningKeyFingerprint: '{.ukiSigningKeyFingerprint}',
      PCRSigningKeyFingerprint: '{.pcrSigningKeyFingerprint}',
      SELinuxState: '{.selinuxState}',
    },
    owner: 'runtime.SecurityStateController',
  }),
  define('runtime', 'PlatformMetadatas.talos.dev', {
    columns: { Platform: '{.platform}', Type: '{.instanceType}', Region: '{.region}', Zone: '{.zone}' },
    owner: 'network.PlatformConfigController',
  }),
  define('runtime', 'MetaKeys.runtime.talos.dev', { aliases: ['meta'], columns: { Value: '{.value}' } }),
  define('runtime', 'ExtensionStatuses.runtime.talos.dev', {
    aliases: ['extensions'],
    columns: { Name: '{.metadata.name}', Version: '{.metadata.version}' },
    owner: 'runtime.ExtensionStatusController',
  }),
  define('runtime', 'KernelCmdlines.runtime.talos.dev', {
    aliases: ['cmdline'],
    columns: { Cmdline: '{.cmdline}' },
    owner: 'runtime.KernelCmdlineController',
  }),
  define('runtime', 'KernelParamStatuses.runtime.talos.dev', {
    aliases: ['sysctls', 'kernelparameters', 'kernelparams'],
    columns: { Current: '{.current}', Default: '{.default}', Unsupported: '{.unsupported}' },
    owner: 'runtime.KernelParamSpecController',
  }),
  define('runtime', 'KernelParamSpecs.runtime.talos.dev'),
  define('runtime', 'KernelModuleSpecs.runtime.talos.dev'),
  define('runtime', 'LoadedKernelModules.runtime.talos.dev', {
    aliases: ['module', 'modules'],
    columns: { State: '{.state}' },
  }),
  define('runtime', 'WatchdogTimerConfigs.runtime.talos.dev'),
  define('runtime', 'WatchdogTimerStatuses.runtime.talos.dev'),
  define('runtime', 'MountStatuses.runtime.talos.dev', {
    aliases: ['mounts'],
    columns: { Source: '{.source}', Target: '{.target}', 'Filesystem Type': '{.filesystemType}' },
    owner: 'block.MountController',
  }),
  define('runtime', 'Disks.block.talos.dev', {
    columns: {
      Size: '{.pretty_size}',
      'Read Only': '{.readonly}',
      Transport: '{.transport}',
      Rotational: '{.rotational}',
      WWID: '{.wwid}',
      Model: '{.model}',
      Serial: '{.serial}',
    },
    owner: 'block.DisksController',
  }),
  define('runtime', 'SystemDisks.block.talos.dev', {
    columns: { Disk: '{.diskID}' },
    owner: 'block.SystemDiskController',
  }),
  define('runtime', 'BlockDevices.block.talos.dev', {
    columns: { Type: '{.type}', PartitionName: '{.partitionName}', Generation: '{.generation}' },
    owner: 'block.DevicesController',
  }),
  define('runtime', 'DiscoveredVolumes.block.talos.dev', {
    columns: {
      Type: '{.type}',
      Size: '{.pretty_size}',
      Discovered: '{.name}',
      Label: '{.label}',
      PartitionLabel: '{.partition_label}',
    },
    owner: 'block.DiscoveryController',
  }),
  define('runtime', 'VolumeStatuses.block.talos.dev', {
    columns: { Type: '{.type}', Phase: '{.phase}', Location: '{.location}', Size: '{.prettySize}' },
    owner: 'block.VolumeManagerController',
  }),
  define('runtime', 'VolumeConfigs.block.talos.dev', { owner: 'block.VolumeConfigController' }),
  define('hardware', 'SystemInformations.hardware.talos.dev', {
    aliases: ['systeminformation'],
    columns: {
      Manufacturer: '{.manufacturer}',
      ProductName: '{.productName}',
      Version: '{.version}',
      SerialNumber: '{.serialnumber}',
      UUID: '{.uuid}',
      WakeUpType: '{.wakeUpType}',
      SKUNumber: '{.skuNumber}',
    },
    owner: 'hardware.SystemInfoController',
  }),
  define('hardware', 'Processors.hardware.talos.dev', {
    aliases: ['cpus', 'cpu'],
    columns: {
      Manufacturer: '{.manufacturer}',
      Model: '{.productName}',
      Cores: '{.coreCount}',
      Threads: '{.threadCount}',
    },
    owner: 'hardware.SystemInfoController',
  }),
  define('hardware', 'MemoryModules.hardware.talos.dev', {
    aliases: ['memorymodules', 'ram'],
    columns: { Manufacturer: '{.manufacturer}', Model: '{.productName}', SizeMiB: '{.sizeMiB}' },
    owner: 'hardware.SystemInfoController',
  }),
  define('hardware', 'PCIDevices.hardware.talos.dev', {
    aliases: ['devices', 'device'],
    columns: { Class: '{.class}', Subclass: '{.subclass}', Vendor: '{.vendor}', Product: '{.product}' },
    owner: 'hardware.PCIDevicesController',
  }),
  define('perf', 'CPUStats.perf.talos.dev', { columns: { User: '{.cpuTotal.user}', System: '{.cpuTotal.system}' } }),
  define('perf', 'MemoryStats.perf.talos.dev', { columns: { Used: '{.used}', Total: '{.total}' } }),
  define('files', 'EtcFileSpecs.files.talos.dev'),
  define('files', 'EtcFileStatuses.files.talos.dev'),
  define('cri', 'SeccompProfiles.cri.talos.dev'),
  define('cri', 'RegistryConfigs.cri.talos.dev'),
]
