/**
 * What a Talos minor writes into the configurations it generates, as properties with names. Whoever renders asks the
 * contract and never compares versions. A property says which form is written; an older form stays readable on a newer
 * Talos, so a cluster keeps the contract it was born with. The network and the registries are documents in every contract:
 * 1.12, the oldest, brought them.
 *
 * Source: Talos `pkg/machinery/config` and its stability vectors; facts talos.md §1 and §3.
 */
export interface VersionContract {
  /** The minor itself, as in `1.13`. */
  readonly minor: string
  /** Kubernetes minors that this Talos runs: 1.`first` to 1.`last`. */
  readonly kubernetes: { readonly first: number; readonly last: number }
  /** An empty `machine.network` is written although nothing is in it. */
  readonly emptyMachineNetwork: boolean
  /** `KubeSpanConfig` instead of `machine.network.kubespan`. */
  readonly kubeSpanDocument: boolean
  /** The host's DNS is a part of `ResolverConfig` instead of `machine.features.hostDNS`. */
  readonly hostDnsDocument: boolean
  /** Identity and service of discovery are documents instead of `cluster.id`, `cluster.secret` and `cluster.discovery`. */
  readonly multiDocDiscovery: boolean
  /** `UnattendedInstallConfig` instead of `machine.install`; a disk is chosen by an expression. */
  readonly unattendedInstall: boolean
  /** Everything about Kubernetes is in documents named Kube… instead of in `cluster` and `machine.kubelet`. */
  readonly multiDocKubernetes: boolean
  /** `SysctlConfig` and `KernelModuleConfig` instead of `machine.sysctls` and `machine.kernel`. */
  readonly multiDocKernel: boolean
  /** File systems are trimmed weekly and EPHEMERAL is mounted without devices and set-uid programs. */
  readonly filesystemTrim: boolean
  /** Workloads are kept apart from the host by default (`SecurityProfileConfig`). */
  readonly workloadIsolation: boolean
  /** The id of a new cluster is written in the URL-safe alphabet of base64; otherwise in the standard one. */
  readonly urlSafeClusterId: boolean
}
