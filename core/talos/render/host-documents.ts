import type { EncryptionKey, InstallDisk } from '../machine-config-input.ts'
import { DISCOVERY_SERVICE, TRIM_INTERVAL } from './defaults.ts'
import { document, nonEmptyList, nonEmptyRecord, type ConfigDocument, type Renderer } from './document.ts'

/** The host below Kubernetes: discovery, installation, kernel, volumes, registries. */

export const discoveryDocuments: Renderer = ({ contract, bundle, cluster }) => {
  if (!contract.multiDocDiscovery) return []
  const { enabled, endpoint = DISCOVERY_SERVICE } = cluster.discovery ?? { enabled: true }
  return [
    ...(enabled ? [document('DiscoveryServiceConfig', { name: 'default', endpoint })] : []),
    document('DiscoveryIdentityConfig', { clusterID: bundle.cluster.id, clusterSecret: bundle.cluster.secret }),
  ]
}

export const installDocuments: Renderer = ({ contract, machine: { installDisk, installerImage } }) =>
  contract.unattendedInstall && installDisk
    ? [
        document('UnattendedInstallConfig', {
          installer: { image: installerImage },
          provisioning: { diskSelector: { match: diskExpression(installDisk) }, wipe: false },
        }),
      ]
    : []

function diskExpression(disk: InstallDisk): string {
  if ('path' in disk) return `disk.dev_path == ${JSON.stringify(disk.path)}`
  return 'serial' in disk ? `disk.serial == ${JSON.stringify(disk.serial)}` : disk.match
}

export const kernelDocuments: Renderer = ({ contract, machine }) => {
  if (!contract.multiDocKernel) return []
  const params = nonEmptyRecord(machine.sysctls)
  return [
    ...(params ? [document('SysctlConfig', { params })] : []),
    ...(machine.kernelModules ?? []).map(({ name, parameters }) =>
      document('KernelModuleConfig', { name, parameters: nonEmptyList(parameters) }),
    ),
  ]
}

export const volumeDocuments: Renderer = ({ contract, machine: { diskEncryption } }) => {
  const state = encryption(diskEncryption?.state)
  const ephemeral = encryption(diskEncryption?.ephemeral)
  const mount = contract.filesystemTrim ? { secure: true } : undefined
  return [
    ...(state ? [document('VolumeConfig', { name: 'STATE', encryption: state })] : []),
    ...(ephemeral || mount ? [document('VolumeConfig', { name: 'EPHEMERAL', mount, encryption: ephemeral })] : []),
    ...(contract.filesystemTrim ? [document('FilesystemTrimConfig', { interval: TRIM_INTERVAL })] : []),
  ]
}

const encryption = (keys: readonly EncryptionKey[] | undefined): ConfigDocument | undefined =>
  keys?.length ? { provider: 'luks2', keys: keys.map(encryptionKey) } : undefined

function encryptionKey(key: EncryptionKey): ConfigDocument {
  const { slot, lockToState } = key
  switch (key.kind) {
    case 'node-id':
      return { slot, nodeID: {}, lockToState }
    case 'tpm':
      return { slot, tpm: {}, lockToState }
    case 'kms':
      return { slot, kms: { endpoint: key.endpoint }, lockToState }
    case 'passphrase':
      return { slot, static: { passphrase: key.passphrase }, lockToState }
  }
}

export const securityDocuments: Renderer = ({ contract, cluster }) =>
  contract.workloadIsolation
    ? [document('SecurityProfileConfig', { workloadIsolation: cluster.workloadIsolation ?? true })]
    : []

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1)

export const registryDocuments: Renderer = ({ machine: { registries = {} } }) => [
  ...(registries.mirrors ?? [])
    .toSorted(byName)
    .map(({ name, endpoints, skipFallback }) =>
      document('RegistryMirrorConfig', { name, endpoints: endpoints.map((url) => ({ url })), skipFallback }),
    ),
  ...(registries.tls ?? [])
    .toSorted(byName)
    .map(({ name, ca, insecureSkipVerify }) => document('RegistryTLSConfig', { name, ca, insecureSkipVerify })),
]
