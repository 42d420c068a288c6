import type { VersionContract } from './contract.ts'

/** Talos 1.14: nearly everything is a document; the v1alpha1 one keeps identity, tokens and etcd. */
export const V1_14: VersionContract = {
  minor: '1.14',
  kubernetes: { first: 32, last: 37 },
  emptyMachineNetwork: false,
  kubeSpanDocument: true,
  hostDnsDocument: true,
  multiDocDiscovery: true,
  unattendedInstall: true,
  multiDocKubernetes: true,
  multiDocKernel: true,
  filesystemTrim: true,
  workloadIsolation: true,
  urlSafeClusterId: false,
}
