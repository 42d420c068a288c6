import { authorityFor } from './authority.ts'
import { clusterSection } from './cluster-section.ts'
import { KUBE_PRISM_PORT } from './defaults.ts'
import { inOrder, nonEmptyList, nonEmptyRecord, type ConfigDocument, type RenderInput } from './document.ts'
import { kubeletImage } from './images.ts'
import { nodeLabels, nodeTaints } from './node-placement.ts'
import { servingNames } from './serving-names.ts'

/** The v1alpha1 document: all of a machine in older contracts, its identity and tokens in newer ones. */
export function mainDocument(input: RenderInput): ConfigDocument {
  const { bundle, machine } = input
  return {
    version: 'v1alpha1',
    debug: false,
    persist: true,
    machine: inOrder(
      {
        type: machine.role,
        token: bundle.trustdinfo.token,
        ca: authorityFor(input, bundle.certs.os),
        certSANs: servingNames(input),
        ...machineSection(input),
      },
      MACHINE_ORDER,
    ),
    cluster: inOrder({ token: bundle.secrets.bootstraptoken, ...clusterSection(input) }, CLUSTER_ORDER),
  }
}

const wordsOf = (text: string): readonly string[] => text.trim().split(/\s+/)

const MACHINE_ORDER = wordsOf(`
  type token ca certSANs kubelet network install sysctls features kernel nodeLabels nodeAnnotations nodeTaints`)
const CLUSTER_ORDER = wordsOf(`
  id secret controlPlane clusterName network token aescbcEncryptionSecret secretboxEncryptionSecret ca aggregatorCA
  serviceAccount apiServer controllerManager proxy scheduler discovery etcd extraManifests inlineManifests
  allowSchedulingOnControlPlanes`)

/** Each part is written here unless the contract has a document for it. */
function machineSection(input: RenderInput): ConfigDocument {
  const { contract, machine } = input
  return {
    features: features(input),
    network: networkSection(input),
    install: contract.unattendedInstall ? undefined : installSection(input),
    ...(contract.multiDocKernel ? {} : kernelSections(machine)),
    ...(contract.multiDocKubernetes ? {} : nodeSections(input)),
  }
}

function features({ contract, cluster }: RenderInput): ConfigDocument {
  const kubePrism = cluster.kubePrism ?? { enabled: true }
  const hostDns = cluster.hostDns ?? true
  return {
    diskQuotaSupport: true,
    kubePrism:
      contract.multiDocKubernetes || !kubePrism.enabled
        ? undefined
        : { enabled: true, port: kubePrism.port ?? KUBE_PRISM_PORT },
    hostDNS: contract.hostDnsDocument
      ? undefined
      : hostDns
        ? { enabled: true, forwardKubeDNSToHost: true }
        : { enabled: false },
  }
}

function networkSection({ contract, cluster }: RenderInput): ConfigDocument | undefined {
  if (cluster.kubeSpan !== undefined && !contract.kubeSpanDocument) return { kubespan: { enabled: cluster.kubeSpan } }
  return contract.emptyMachineNetwork ? {} : undefined
}

function installSection({ machine }: RenderInput): ConfigDocument {
  const { installDisk } = machine
  return {
    disk: installDisk && 'path' in installDisk ? installDisk.path : undefined,
    diskSelector: installDisk && 'serial' in installDisk ? { serial: installDisk.serial } : undefined,
    extraKernelArgs: nonEmptyList(machine.kernelArgs),
    image: machine.installerImage,
    wipe: false,
    grubUseUKICmdline: true,
  }
}

const kernelSections = (machine: RenderInput['machine']): ConfigDocument => ({
  sysctls: nonEmptyRecord(machine.sysctls),
  kernel: machine.kernelModules?.length
    ? { modules: machine.kernelModules.map(({ name, parameters }) => ({ name, parameters: nonEmptyList(parameters) })) }
    : undefined,
})

function nodeSections(input: RenderInput): ConfigDocument {
  const { cluster, machine } = input
  return {
    kubelet: {
      image: kubeletImage(cluster.kubernetesVersion),
      defaultRuntimeSeccompProfileEnabled: true,
      nodeIP: cluster.nodeNetworkCidr ? { validSubnets: [cluster.nodeNetworkCidr] } : undefined,
      disableManifestsDirectory: true,
    },
    nodeLabels: nonEmptyRecord(nodeLabels(input, { withRole: false })),
    nodeAnnotations: nonEmptyRecord(machine.nodeAnnotations),
    nodeTaints: nonEmptyRecord(nodeTaints(input, { withRole: false })),
  }
}
