import type { VersionContract } from './contract.ts'

/** Talos 1.13: as 1.12, and KubeSpan is a document too. */
export const V1_13: VersionContract = {
  minor: '1.13',
  kubernetes: { first: 31, last: 36 },
  emptyMachineNetwork: false,
  kubeSpanDocument: true,
  hostDnsDocument: false,
  multiDocDiscovery: false,
  unattendedInstall: false,
  multiDocKubernetes: false,
  multiDocKernel: false,
  filesystemTrim: false,
  workloadIsolation: false,
  urlSafeClusterId: true,
}
