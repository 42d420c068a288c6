import { authorityFor } from './authority.ts'
import { DNS_DOMAIN, POD_SUBNETS, SERVICE_SUBNETS } from './defaults.ts'
import { isControlPlane, nonEmptyList, type ConfigDocument, type RenderInput } from './document.ts'
import { componentImage } from './images.ts'
import { AUDIT_POLICY, POD_SECURITY } from './policies.ts'
import { servingNames } from './serving-names.ts'

/** `cluster` of the v1alpha1 document, without its token. etcd stays here in every contract. */
export function clusterSection(input: RenderInput): ConfigDocument {
  const { contract } = input
  return {
    etcd: isControlPlane(input) ? etcdSection(input) : undefined,
    ...(contract.multiDocDiscovery ? {} : discoverySections(input)),
    ...(contract.multiDocKubernetes ? {} : kubernetesSections(input)),
  }
}

const etcdSection = ({ bundle, cluster }: RenderInput): ConfigDocument => ({
  ca: bundle.certs.etcd,
  advertisedSubnets: cluster.nodeNetworkCidr ? [cluster.nodeNetworkCidr] : undefined,
})

function discoverySections({ bundle, cluster }: RenderInput): ConfigDocument {
  const discovery = cluster.discovery ?? { enabled: true }
  return {
    id: bundle.cluster.id,
    secret: bundle.cluster.secret,
    discovery: {
      enabled: discovery.enabled,
      registries: { kubernetes: { disabled: true }, service: { endpoint: discovery.endpoint } },
    },
  }
}

function kubernetesSections(input: RenderInput): ConfigDocument {
  const { bundle, cluster } = input
  return {
    controlPlane: {
      endpoint: cluster.endpoint,
      localAPIServerPort: isControlPlane(input) ? cluster.apiPort : undefined,
    },
    clusterName: cluster.name,
    network: {
      cni: cniSection(cluster),
      dnsDomain: cluster.dnsDomain ?? DNS_DOMAIN,
      podSubnets: cluster.podSubnets ?? POD_SUBNETS,
      serviceSubnets: cluster.serviceSubnets ?? SERVICE_SUBNETS,
    },
    ca: authorityFor(input, bundle.certs.k8s),
    ...(isControlPlane(input) ? controlPlaneSections(input) : {}),
  }
}

function cniSection({ cni }: RenderInput['cluster']): ConfigDocument | undefined {
  if (!cni || cni.name === 'flannel') return undefined
  return cni.name === 'none' ? { name: 'none' } : { name: 'custom', urls: cni.urls }
}

function controlPlaneSections(input: RenderInput): ConfigDocument {
  const { bundle, cluster } = input
  const { certs, secrets } = bundle
  const version = cluster.kubernetesVersion
  return {
    // Upstream writes only the newer of the two; a bundle that has the older one would lose its Secrets.
    aescbcEncryptionSecret: secrets.aescbcencryptionsecret,
    secretboxEncryptionSecret: secrets.secretboxencryptionsecret,
    aggregatorCA: certs.k8saggregator,
    serviceAccount: { key: certs.k8sserviceaccount.key },
    apiServer: {
      image: componentImage('kube-apiserver', version),
      certSANs: nonEmptyList(servingNames(input)),
      admissionControl: [{ name: 'PodSecurity', configuration: POD_SECURITY }],
      auditPolicy: AUDIT_POLICY,
    },
    controllerManager: { image: componentImage('kube-controller-manager', version) },
    proxy: { image: componentImage('kube-proxy', version) },
    scheduler: { image: componentImage('kube-scheduler', version) },
    extraManifests: nonEmptyList(cluster.extraManifests?.map(({ url }) => url)),
    inlineManifests: nonEmptyList(cluster.inlineManifests?.map(({ name, contents }) => ({ name, contents }))),
    allowSchedulingOnControlPlanes: cluster.schedulableControlPlanes ? true : undefined,
  }
}
