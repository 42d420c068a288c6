import type { LoadedConfig } from './load.ts'
import { Reader } from './reader.ts'
import { isRecord, textOf } from './shape.ts'

/**
 * The settings of Talos 1.14 that came as documents, as the v1alpha1 fields they replace. What a node makes of a
 * configuration is then read in one way, whichever form it had. What says a thing twice, or says it on the wrong kind
 * of machine, is a fault.
 */
export interface JoinedFields {
  readonly fields: Record<string, unknown>
  readonly faults: readonly string[]
}

/** Which fields of v1alpha1 a kind replaces; one of the two has to go. */
const REPLACES: Readonly<Record<string, readonly string[]>> = {
  DiscoveryIdentityConfig: ['cluster.id', 'cluster.secret'],
  DiscoveryServiceConfig: ['cluster.discovery'],
  UnattendedInstallConfig: ['machine.install'],
  KubeClusterConfig: ['cluster.clusterName', 'cluster.controlPlane.endpoint'],
  KubeNodeConfig: [
    'cluster.allowSchedulingOnControlPlanes',
    'machine.nodeLabels',
    'machine.nodeAnnotations',
    'machine.nodeTaints',
  ],
  KubeletConfig: ['machine.kubelet'],
  KubeNetworkConfig: ['cluster.network'],
  KubeFlannelCNIConfig: ['cluster.network'],
  KubeAPIServerCAConfig: ['cluster.ca'],
  KubeAggregatorCAConfig: ['cluster.aggregatorCA'],
  KubePrismConfig: ['machine.features.kubePrism'],
  KubeEtcdEncryptionConfig: ['cluster.secretboxEncryptionSecret', 'cluster.aescbcEncryptionSecret'],
  KubeServiceAccountConfig: ['cluster.serviceAccount'],
  KubeAPIServerConfig: ['cluster.apiServer', 'cluster.controlPlane.localAPIServerPort'],
  KubeControllerManagerConfig: ['cluster.controllerManager'],
  KubeSchedulerConfig: ['cluster.scheduler'],
  KubeProxyConfig: ['cluster.proxy'],
  KubeCoreDNSConfig: ['cluster.coreDNS'],
}

const CONTROL_PLANE_ONLY: ReadonlySet<string> = new Set([
  'KubeAggregatorCAConfig',
  'KubeAdmissionControlConfig',
  'KubeAuditPolicyConfig',
  'KubeAuthenticationConfig',
  'KubeAuthorizerConfig',
  'KubeEtcdEncryptionConfig',
  'KubeServiceAccountConfig',
  'KubeAPIServerConfig',
  'KubeControllerManagerConfig',
  'KubeSchedulerConfig',
  'KubeProxyConfig',
  'KubeFlannelCNIConfig',
  'KubeCoreDNSConfig',
  'KubeTalosAPIAccessConfig',
])

type Put = (path: string, value: unknown) => void

const base64 = (pem: string): string => (pem === '' ? '' : Buffer.from(pem).toString('base64'))

const authority = (path: string) => (r: Reader, put: Put) => {
  const [accepted = ''] = r.texts('acceptedCAs')
  put(path, { crt: base64(r.text('issuingCA.cert') || accepted), key: base64(r.text('issuingCA.key')) })
}
const image = (path: string) => (r: Reader, put: Put) => put(`${path}.image`, r.text('image'))

/** What each kind says, in the words of v1alpha1. */
const MEANINGS: Readonly<Record<string, (r: Reader, put: Put) => void>> = {
  DiscoveryIdentityConfig(r, put) {
    put('cluster.id', r.text('clusterID'))
    put('cluster.secret', r.text('clusterSecret'))
  },
  DiscoveryServiceConfig: (_, put) => put('cluster.discovery.enabled', true),
  SysctlConfig: (r, put) => put('machine.sysctls', r.record('params')),
  KubeClusterConfig(r, put) {
    put('cluster.clusterName', r.text('clusterName'))
    put('cluster.controlPlane.endpoint', r.text('endpoint'))
  },
  KubeNodeConfig(r, put) {
    put('machine.nodeLabels', r.record('labels'))
    put('machine.nodeAnnotations', r.record('annotations'))
    put('machine.nodeTaints', r.record('taints'))
    // The taint of control planes is written out among the others here.
    put('cluster.allowSchedulingOnControlPlanes', true)
  },
  KubeletConfig: image('machine.kubelet'),
  KubeNetworkConfig(r, put) {
    put('cluster.network.dnsDomain', r.text('dnsDomain'))
    put('cluster.network.podSubnets', r.texts('podSubnets'))
    put('cluster.network.serviceSubnets', r.texts('serviceSubnets'))
  },
  KubeFlannelCNIConfig: (_, put) => put('cluster.network.cni.name', 'flannel'),
  KubeAPIServerCAConfig: authority('cluster.ca'),
  KubeAggregatorCAConfig: authority('cluster.aggregatorCA'),
  KubeEtcdEncryptionConfig(r, put) {
    const providers = r
      .records('config.resources')
      .flatMap((entry) => (Array.isArray(entry['providers']) ? entry['providers'].filter(isRecord) : []))
    for (const provider of providers)
      for (const [name, path] of [
        ['secretbox', 'cluster.secretboxEncryptionSecret'],
        ['aescbc', 'cluster.aescbcEncryptionSecret'],
      ] as const) {
        const [key] = new Reader(provider).records(`${name}.keys`)
        if (key) put(path, textOf(key['secret']))
      }
  },
  KubeServiceAccountConfig: (r, put) => put('cluster.serviceAccount.key', base64(r.text('issuer.privateKey'))),
  KubeAPIServerConfig(r, put) {
    put('cluster.apiServer.image', r.text('image'))
    put('cluster.apiServer.certSANs', r.texts('certExtraSANs'))
    const port = r.integer('apiPort', 0)
    if (port > 0) put('cluster.controlPlane.localAPIServerPort', port)
  },
  KubeControllerManagerConfig: image('cluster.controllerManager'),
  KubeSchedulerConfig: image('cluster.scheduler'),
  KubeProxyConfig(r, put) {
    put('cluster.proxy.image', r.text('image'))
    put('cluster.proxy.disabled', !r.flag('enabled', true))
  },
  KubeCoreDNSConfig: (r, put) => put('cluster.coreDNS.disabled', !r.flag('enabled', true)),
}

export function joinFields({ v1alpha1 = {}, documents }: LoadedConfig): JoinedFields {
  const fields = structuredClone(v1alpha1)
  const original = new Reader(v1alpha1)
  const faults: string[] = []
  const put: Put = (path, value) => setPath(fields, path.split('.'), value)
  const isWorker = original.text('machine.type') === 'worker'
  const has = (kind: string) => documents.some((document) => document.kind === kind)
  for (const { kind, body } of documents) {
    if (isWorker && CONTROL_PLANE_ONLY.has(kind)) faults.push(`${kind}: is only allowed on control plane machines`)
    for (const path of REPLACES[kind] ?? [])
      if (original.has(path)) faults.push(`${kind}: ${path} is already set in v1alpha1 config`)
    MEANINGS[kind]?.(new Reader(body), put)
  }
  if (has('KubeClusterConfig')) {
    // What is not asked for by a document is not run.
    if (!has('KubeFlannelCNIConfig'))
      put('cluster.network.cni.name', has('KubeExternalManifestConfig') ? 'custom' : 'none')
    if (!has('KubeCoreDNSConfig')) put('cluster.coreDNS.disabled', true)
    if (!has('KubeProxyConfig')) put('cluster.proxy.disabled', true)
    const manifests = documents.filter((document) => document.kind === 'KubeInlineManifestConfig')
    put(
      'cluster.inlineManifests',
      manifests.map(({ name, body }) => ({ name, contents: textOf(body['manifest']) })),
    )
  }
  return { fields, faults }
}

function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    target[key] = value
    return
  }
  const inner = isRecord(target[key]) ? target[key] : {}
  target[key] = inner
  setPath(inner, rest, value)
}
