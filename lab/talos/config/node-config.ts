import type { Authority, SigningAuthority } from '../pki.ts'

/** A machine configuration as a node understands it: checked, decoded, ready to act on. */
export interface NodeConfig {
  /** The text exactly as it was applied; it is what MachineConfigs shows. */
  readonly source: string
  readonly type: 'controlplane' | 'worker'
  readonly machineToken: string
  readonly clusterId: string
  readonly clusterName: string
  readonly endpoint: { readonly url: string; readonly host: string; readonly port: number }
  readonly apiPort: number
  /** Signing on control planes, trust only on workers. */
  readonly osCa: Authority
  readonly kubernetesCa: Authority
  /** Only on control planes. */
  readonly controlPlane: ControlPlaneConfig | undefined
  readonly certSans: readonly string[]
  /** Undefined leaves the name to the platform. */
  readonly hostname: string | undefined
  readonly links: readonly LinkWish[]
  /** Alias → MAC, from LinkAliasConfig documents. */
  readonly aliases: ReadonlyMap<string, string>
  readonly vips: readonly { readonly address: string; readonly link: string }[]
  readonly nameservers: readonly string[]
  readonly timeServers: readonly string[]
  readonly timeSyncEnabled: boolean
  readonly kubeletVersion: string
  readonly nodeLabels: Readonly<Record<string, string>>
  readonly nodeAnnotations: Readonly<Record<string, string>>
  readonly nodeTaints: readonly { readonly key: string; readonly value: string; readonly effect: string }[]
  readonly cni: 'flannel' | 'custom' | 'none'
  readonly podSubnets: readonly string[]
  readonly serviceSubnets: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly discoveryEnabled: boolean
  /** Of an UnattendedInstallConfig: the node installs itself once it runs. */
  readonly unattendedInstall: UnattendedInstall | undefined
}

export interface UnattendedInstall {
  /** The installer; empty for that of the schematic the node was booted from. */
  readonly image: string
  /** The path of the disk where the selector is a path; undefined for every other expression. */
  readonly diskPath: string | undefined
  readonly reboots: boolean
}

export interface ControlPlaneConfig {
  readonly osCa: SigningAuthority
  readonly kubernetesCa: SigningAuthority
  readonly apiServerSans: readonly string[]
  readonly versions: {
    readonly apiServer: string
    readonly controllerManager: string
    readonly scheduler: string
    readonly proxy: string
  }
  readonly schedulable: boolean
  readonly proxyEnabled: boolean
  readonly coreDnsEnabled: boolean
  readonly adminCertLifetimeMs: number
  /** YAML texts the control plane creates in Kubernetes once it is up. */
  readonly inlineManifests: readonly string[]
}

export interface LinkWish {
  readonly name: string
  /** With prefix: `192.168.1.51/24`. */
  readonly addresses: readonly string[]
  readonly gateway: string | undefined
}
