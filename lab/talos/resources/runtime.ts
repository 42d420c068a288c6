import { KERNEL_COMMAND_LINE } from '../files/command-line.ts'
import { machineStatus } from '../machine-status.ts'
import { mountsOf } from '../mounts.ts'
import type { TalosNode } from '../node.ts'
import type { CosiDraft } from '../resource-table.ts'
import { binaryService, binaryStatus } from './binary.ts'
import { draft } from './draft.ts'

/** What the running system says of itself. */
export function runtimeResources(node: TalosNode): readonly CosiDraft[] {
  const status = machineStatus(node)
  const { disk, hardware } = node
  const version = disk?.talosVersion ?? ''
  return [
    draft('MachineStatuses', 'machine', status, () => binaryStatus(status)),
    draft('BootIDs', 'boot-id', { bootID: node.bootId }),
    draft('Versions', 'version', { name: 'Talos', version }),
    draft('TimeStatuses', 'node', {
      synced: node.timeSynced,
      epoch: 0,
      syncDisabled: node.config ? !node.config.timeSyncEnabled : false,
    }),
    draft('SecurityStates', 'securitystate', {
      secureBoot: false,
      selinuxState: 'enabled, permissive',
      bootedWithUKI: true,
      moduleSignatureEnforced: true,
    }),
    draft('PlatformMetadatas', 'platformmetadata', {
      platform: 'nocloud',
      hostname: hardware.cloudInit?.hostname ?? '',
      instanceId: hardware.uuid,
    }),
    draft('KernelCmdlines', 'cmdline', { cmdline: KERNEL_COMMAND_LINE }),
    draft('ExtensionStatuses', '0', {
      image: '',
      metadata: {
        name: 'schematic',
        version: disk?.schematicId ?? '',
        author: 'Image Factory',
        description: 'Virtual extension which specifies the schematic of the image built with Image Factory.',
      },
    }),
    draft('ImageFactorySchematics', 'schematic', { schematicID: disk?.schematicId ?? '' }),
    ...(node.install ? [draft('UnattendedInstallStatuses', 'unattended-install', node.install)] : []),
    draft('KernelParamStatuses', 'proc.sys.net.ipv4.ip_forward', { current: '1', default: '0', unsupported: false }),
    ...Object.entries(node.config?.sysctls ?? {}).map(([name, current]) =>
      draft('KernelParamStatuses', `proc.sys.${name}`, { current, default: '', unsupported: false }),
    ),
    ...[...(disk?.meta ?? [])].map(([key, value]) =>
      draft('MetaKeys', `0x${key.toString(16).padStart(2, '0')}`, { value: Buffer.from(value).toString('utf8') }),
    ),
    ...mountsOf(node)
      .filter((mount) => mount.source.startsWith('/dev/sda'))
      .map((mount) =>
        draft('MountStatuses', mount.target === '/var' ? 'EPHEMERAL' : 'STATE', {
          source: mount.source,
          target: mount.target,
          filesystemType: mount.filesystem,
          options: [],
          encrypted: false,
        }),
      ),
    ...node.services.all().map((service) => {
      const { healthy, unknown } = service
      const spec = { running: service.state === 'Running', healthy, unknown }
      return draft('Services', service.id, spec, () => binaryService(spec))
    }),
  ]
}
