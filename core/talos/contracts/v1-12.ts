import type { VersionContract } from './contract.ts'

/** Talos 1.12: the network and the registries have become documents; everything else is the one v1alpha1 document. */
export const V1_12: VersionContract = {
  minor: '1.12',
  kubernetes: { first: 30, last: 35 },
  emptyMachineNetwork: true,
  kubeSpanDocument: false,
  hostDnsDocument: false,
  multiDocDiscovery: false,
  unattendedInstall: false,
  multiDocKubernetes: false,
  multiDocKernel: false,
  filesystemTrim: false,
  workloadIsolation: false,
  urlSafeClusterId: true,
}
