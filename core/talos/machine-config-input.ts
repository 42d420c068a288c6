import type { TalosContract } from './contracts/contract-for.ts'
import type { PlatformName } from './platforms.ts'
import type { SecretsBundle } from './secrets-bundle.ts'

/** Everything a machine configuration is made from. What is absent is left to Talos or to the contract's default. */
export interface MachineConfigInput {
  readonly contract: TalosContract
  readonly bundle: SecretsBundle
  readonly cluster: ClusterInput
  readonly machine: MachineInput
}

/** The same for every machine of a cluster. */
export interface ClusterInput {
  readonly name: string
  /** As in `https://192.168.1.50:6443`. */
  readonly endpoint: string
  /** As in `v1.36.3`. */
  readonly kubernetesVersion: string
  /** Ordinary pods may run on control planes. */
  readonly schedulableControlPlanes: boolean
  /**
   * Load balancers skip control planes. By default they do unless control planes are schedulable: a balancer that skips
   * the only nodes never reaches a pod. Upstream's generator always sets it.
   */
  readonly excludeControlPlanesFromLoadBalancers?: boolean | undefined
  /** The network that pins the addresses of kubelet and etcd, as in `192.168.1.0/24`. */
  readonly nodeNetworkCidr?: string | undefined
  /** Held by one control plane at a time, on its first NIC. */
  readonly vip?: string | undefined
  /** Kubernetes objects that Talos applies when the cluster comes up. */
  readonly inlineManifests?: readonly { readonly name: string; readonly contents: string }[] | undefined
  /** The same, fetched by the control planes; names are unique, lower-case words joined by hyphens. */
  readonly extraManifests?: readonly { readonly name: string; readonly url: string }[] | undefined
  readonly cni?: Cni | undefined
  readonly dnsDomain?: string | undefined
  readonly podSubnets?: readonly string[] | undefined
  readonly serviceSubnets?: readonly string[] | undefined
  /** Where the API server listens on each control plane. */
  readonly apiPort?: number | undefined
  /** A local balancer in front of all API servers, on every machine; on port 7445 unless told otherwise. */
  readonly kubePrism?: { readonly enabled: boolean; readonly port?: number | undefined } | undefined
  /** A caching resolver on every machine, which the cluster's DNS asks; on by default. */
  readonly hostDns?: boolean | undefined
  /** Machines find each other through a service that sees only encrypted data; on by default. */
  readonly discovery?: { readonly enabled: boolean; readonly endpoint?: string | undefined } | undefined
  readonly kubeSpan?: boolean | undefined
  /** Keeps workloads apart from the host; on by default from 1.14, and unknown before. */
  readonly workloadIsolation?: boolean | undefined
}

export type Cni =
  | { readonly name: 'flannel' }
  | { readonly name: 'none' }
  | { readonly name: 'custom'; readonly urls: readonly string[] }

export interface MachineInput {
  readonly role: 'controlplane' | 'worker'
  /** What the machine boots on; a disk image in a virtual machine unless told otherwise. */
  readonly platform?: PlatformName | undefined
  /** Without one Talos makes a stable name from the machine's identity. */
  readonly hostname?: string | undefined
  readonly installerImage?: string | undefined
  /** Where Talos is installed; none on platforms whose disk already holds it (platforms.ts). */
  readonly installDisk?: InstallDisk | undefined
  /** Ignored by systemd-boot: a schematic is the place for them. Contract 1.14 does not carry them at all. */
  readonly kernelArgs?: readonly string[] | undefined
  /** Static addresses by MAC; the first NIC is the one on the node network. */
  readonly nics: readonly MachineNic[]
  readonly nameservers: readonly string[]
  readonly searchDomains?: readonly string[] | undefined
  readonly timeServers?: readonly string[] | undefined
  /** More names or addresses for the serving certificates; the machine's own and the VIP are always in. */
  readonly certSANs: readonly string[]
  readonly sysctls?: Readonly<Record<string, string>> | undefined
  readonly kernelModules?: readonly KernelModule[] | undefined
  readonly registries?: Registries | undefined
  readonly diskEncryption?: DiskEncryption | undefined
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined
  readonly nodeAnnotations?: Readonly<Record<string, string>> | undefined
  /** Taint → effect, or value and effect joined by a colon. */
  readonly nodeTaints?: Readonly<Record<string, string>> | undefined
}

/** By path, by the serial of the disk, or by an expression in CEL over `disk`, which needs a contract of at least 1.14. */
export type InstallDisk = { readonly path: string } | { readonly serial: string } | { readonly match: string }

export interface MachineNic {
  readonly mac: string
  /** With prefix, as in `192.168.1.51/24`. */
  readonly addresses: readonly string[]
  /** Asks a DHCP server. */
  readonly dhcp?: boolean | undefined
  readonly gateway?: string | undefined
  readonly routes?: readonly Route[] | undefined
  readonly mtu?: number | undefined
  readonly vlans?: readonly Vlan[] | undefined
}

export interface Route {
  /** A network; everything when absent. */
  readonly destination?: string | undefined
  readonly gateway?: string | undefined
  readonly metric?: number | undefined
}

export interface Vlan {
  /** 1 to 4094. */
  readonly id: number
  readonly addresses: readonly string[]
  readonly gateway?: string | undefined
  readonly routes?: readonly Route[] | undefined
  readonly mtu?: number | undefined
}

export interface KernelModule {
  readonly name: string
  readonly parameters?: readonly string[] | undefined
}

export interface Registries {
  /** Registry → where to ask instead, in order. */
  readonly mirrors?: readonly {
    readonly name: string
    readonly endpoints: readonly string[]
    /** Never ask the registry itself. */
    readonly skipFallback?: boolean | undefined
  }[]
  readonly tls?: readonly {
    readonly name: string
    /** PEM. */
    readonly ca?: string | undefined
    readonly insecureSkipVerify?: boolean | undefined
  }[]
}

/** Takes effect only when the volume is made; a volume without keys stays in the clear. */
export interface DiskEncryption {
  readonly state?: readonly EncryptionKey[] | undefined
  readonly ephemeral?: readonly EncryptionKey[] | undefined
}

/** Keys are tried by slot; each volume takes up to as many as LUKS has slots. */
export type EncryptionKey = { readonly slot: number; readonly lockToState?: boolean | undefined } & (
  | { readonly kind: 'node-id' }
  | { readonly kind: 'tpm' }
  | { readonly kind: 'kms'; readonly endpoint: string }
  | { readonly kind: 'passphrase'; readonly passphrase: string }
)
