import { decodedPem } from '../pem.ts'
import type { SecretsBundle } from '../secrets-bundle.ts'
import { VXLAN_PORT } from './defaults.ts'
import {
  document,
  isControlPlane,
  nonEmptyList,
  type ConfigDocument,
  type Renderer,
  type RenderInput,
} from './document.ts'
import { componentImage } from './images.ts'
import { AUDIT_POLICY, AUTHENTICATION, POD_SECURITY } from './policies.ts'
import { servingNames } from './serving-names.ts'

/** What a control plane runs, where that is in documents; Talos refuses most of these kinds on a worker. */
export const controlPlaneDocuments: Renderer = (input) => {
  if (!input.contract.multiDocKubernetes || !isControlPlane(input)) return []
  return [...accessDocuments(input), ...componentDocuments(input), ...addonDocuments(input.cluster)]
}

const accessDocuments = ({ bundle, cluster }: RenderInput): readonly ConfigDocument[] => [
  document('KubeAggregatorCAConfig', {
    issuingCA: { cert: decodedPem(bundle.certs.k8saggregator.crt), key: decodedPem(bundle.certs.k8saggregator.key) },
  }),
  document('KubeAdmissionControlConfig', { name: 'PodSecurity', configuration: POD_SECURITY }),
  document('KubeAuditPolicyConfig', { configuration: AUDIT_POLICY }),
  document('KubeAuthenticationConfig', { configuration: AUTHENTICATION }),
  document('KubeAuthorizerConfig', { name: 'node', type: 'Node' }),
  document('KubeAuthorizerConfig', { name: 'rbac', type: 'RBAC' }),
  document('KubeEtcdEncryptionConfig', {
    config: { resources: [{ providers: encryptionProviders(bundle.secrets), resources: ['secrets'] }] },
  }),
  document('KubeServiceAccountConfig', {
    issuer: { privateKey: decodedPem(bundle.certs.k8sserviceaccount.key), issuerURL: cluster.endpoint },
  }),
]

/**
 * Provider and key name must be those that older contracts rendered: the name is stored with every Secret in etcd.
 * Upstream's 1.14 generator writes an AES-CBC secret under `secretbox`, which makes the Secrets of such a cluster
 * unreadable; it is not followed there (facts talos.md §3.2).
 */
function encryptionProviders(secrets: SecretsBundle['secrets']): readonly ConfigDocument[] {
  const { secretboxencryptionsecret, aescbcencryptionsecret } = secrets
  if (secretboxencryptionsecret !== undefined)
    return [{ secretbox: { keys: [{ name: 'key2', secret: secretboxencryptionsecret }] } }]
  return [{ aescbc: { keys: [{ name: 'key1', secret: aescbcencryptionsecret }] } }, { identity: {} }]
}

function componentDocuments(input: RenderInput): readonly ConfigDocument[] {
  const { cluster } = input
  const version = cluster.kubernetesVersion
  return [
    document('KubeAPIServerConfig', {
      image: componentImage('kube-apiserver', version),
      apiPort: cluster.apiPort,
      certExtraSANs: nonEmptyList(servingNames(input)),
    }),
    document('KubeControllerManagerConfig', { image: componentImage('kube-controller-manager', version) }),
    document('KubeSchedulerConfig', { image: componentImage('kube-scheduler', version), config: {} }),
    document('KubeProxyConfig', { image: componentImage('kube-proxy', version), config: {} }),
  ]
}

const addonDocuments = (cluster: RenderInput['cluster']): readonly ConfigDocument[] => [
  ...((cluster.cni?.name ?? 'flannel') === 'flannel'
    ? [document('KubeFlannelCNIConfig', { backendType: 'vxlan', backendPort: VXLAN_PORT })]
    : []),
  document('KubeCoreDNSConfig', { enabled: true }),
  ...(cluster.cni?.name === 'custom' ? cluster.cni.urls : []).map((url, index) =>
    document('KubeExternalManifestConfig', { name: index === 0 ? 'custom-cni' : `custom-cni-${index + 1}`, url }),
  ),
  ...(cluster.extraManifests ?? []).map(({ name, url }) => document('KubeExternalManifestConfig', { name, url })),
  ...(cluster.inlineManifests ?? []).map(({ name, contents }) =>
    document('KubeInlineManifestConfig', { name, manifest: contents }),
  ),
]
