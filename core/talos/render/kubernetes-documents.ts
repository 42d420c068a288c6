import { decodedPem } from '../pem.ts'
import { DNS_DOMAIN, KUBE_PRISM_PORT, POD_SUBNETS, SERVICE_SUBNETS } from './defaults.ts'
import { document, isControlPlane, nonEmptyRecord, type Renderer } from './document.ts'
import { kubeletImage } from './images.ts'
import { nodeLabels, nodeTaints } from './node-placement.ts'

/** What every machine says about its Kubernetes, where that is in documents. PEM is written as it is, not in base64. */
export const kubernetesDocuments: Renderer = (input) => {
  const { contract, bundle, cluster, machine } = input
  if (!contract.multiDocKubernetes) return []
  const { k8s } = bundle.certs
  const kubePrism = cluster.kubePrism ?? { enabled: true }
  return [
    document('KubeClusterConfig', { clusterName: cluster.name, endpoint: cluster.endpoint }),
    document('KubeNodeConfig', {
      nodeIP: cluster.nodeNetworkCidr ? { validSubnets: [cluster.nodeNetworkCidr] } : {},
      labels: nonEmptyRecord(nodeLabels(input, { withRole: true })),
      annotations: nonEmptyRecord(machine.nodeAnnotations),
      taints: nonEmptyRecord(nodeTaints(input, { withRole: true })),
    }),
    document('KubeletConfig', {
      image: kubeletImage(cluster.kubernetesVersion),
      config: {},
      defaultRuntimeSeccompProfileEnabled: true,
    }),
    document('KubeNetworkConfig', {
      dnsDomain: cluster.dnsDomain ?? DNS_DOMAIN,
      podSubnets: cluster.podSubnets ?? POD_SUBNETS,
      serviceSubnets: cluster.serviceSubnets ?? SERVICE_SUBNETS,
    }),
    document(
      'KubeAPIServerCAConfig',
      isControlPlane(input)
        ? { issuingCA: { cert: decodedPem(k8s.crt), key: decodedPem(k8s.key) } }
        : { acceptedCAs: [decodedPem(k8s.crt)] },
    ),
    ...(kubePrism.enabled ? [document('KubePrismConfig', { port: kubePrism.port ?? KUBE_PRISM_PORT })] : []),
  ]
}
