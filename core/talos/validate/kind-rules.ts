import { certificateFaultOfPem, keyFaultOfPem } from '../pair-check.ts'
import { listOf, membersOf, textOf, valueAt, type MachineRole, type Members } from './config-document.ts'
import { fault, type FieldFault } from './fault.ts'
import type { KindContext, KindRule } from './kind-rule.ts'
import { HOST_RULES } from './kind-rules-host.ts'
import { NETWORK_RULES } from './kind-rules-network.ts'
import { checkKubeletConfig } from './main-rules.ts'
import {
  checkEndpoint,
  checkKubernetesImage,
  checkLabels,
  checkSubnetFilters,
  checkTaints,
  isEntropy,
  isPrefix,
} from './value-rules.ts'

const image: KindRule = (document, { contract }) =>
  checkKubernetesImage(document['image'], 'image', contract.kubernetes)

const MAX_PORT = 65535

const ROLES = ['admin', 'operator', 'reader', 'etcd:backup', 'image:verifier', 'meta:writer', 'impersonator'].map(
  (role) => `os:${role}`,
)

const RULES: Readonly<Record<string, KindRule>> = {
  ...NETWORK_RULES,
  ...HOST_RULES,
  DiscoveryIdentityConfig: ({ clusterSecret }) =>
    isEntropy(textOf(clusterSecret)) ? [] : [fault('clusterSecret', 'must be base64 of 32 bytes')],
  KubeClusterConfig: ({ endpoint }) => checkEndpoint(endpoint, 'endpoint'),
  KubeNodeConfig: (document) => [
    ...checkSubnetFilters(valueAt(document, 'nodeIP.validSubnets'), 'nodeIP.validSubnets'),
    ...checkLabels(document['labels'], 'labels'),
    ...checkTaints(document['taints'], 'taints'),
  ],
  KubeletConfig: (document, context) => [
    ...image(document, context),
    ...checkKubeletConfig(document['config'], 'config'),
  ],
  KubeNetworkConfig: ({ podSubnets, serviceSubnets }) =>
    [...subnets(podSubnets, 'podSubnets'), ...subnets(serviceSubnets, 'serviceSubnets')].concat(
      listOf(podSubnets).length === listOf(serviceSubnets).length
        ? []
        : [fault('serviceSubnets', 'must be as many as there are podSubnets')],
    ),
  KubePrismConfig: ({ port }) => (inRange(port, 1, MAX_PORT) ? [] : [fault('port', `must be 1 to ${MAX_PORT}`)]),
  KubeAPIServerCAConfig: (document, { role }) => authority(document, role),
  KubeAggregatorCAConfig: (document) => authority(document, 'controlplane'),
  KubeAPIServerConfig: image,
  KubeControllerManagerConfig: image,
  KubeSchedulerConfig: image,
  KubeServiceAccountConfig: (document) => {
    const key = textOf(valueAt(document, 'issuer.privateKey'))
    const wrong = key === undefined ? 'is missing' : keyFaultOfPem(key)
    return wrong === undefined ? [] : [fault('issuer.privateKey', wrong)]
  },
  KubeStaticPodConfig: ({ pod }) => (Object.keys(membersOf(pod) ?? {}).length > 0 ? [] : [fault('pod', 'is empty')]),
  KubeEtcdEncryptionConfig: ({ config }) =>
    Object.keys(membersOf(config) ?? {}).length > 0 ? [] : [fault('config', 'is empty')],
  KubeTalosAPIAccessConfig: ({ allowedRoles }) =>
    listOf(allowedRoles).flatMap((item, index) =>
      ROLES.includes(textOf(item) ?? '') ? [] : [fault(`allowedRoles[${index}]`, `is none of ${ROLES.join(', ')}`)],
    ),
  KubeAuthorizerConfig: ({ type, webhook }) =>
    type === 'Webhook' && membersOf(webhook) === undefined ? [fault('webhook', 'is missing')] : [],
}

export const checkKind = (kind: string, document: Members, context: KindContext): readonly FieldFault[] =>
  RULES[kind]?.(document, context) ?? []

const inRange = (value: Members[string], first: number, last: number): boolean =>
  typeof value === 'number' && value >= first && value <= last

/** One of IPv4, one of IPv6, or one of each. */
function subnets(value: Members[string], field: string): FieldFault[] {
  const texts = listOf(value).map((item) => textOf(item) ?? '')
  const families = new Set(texts.map((text) => text.includes(':')))
  if (texts.length === 0) return [fault(field, 'needs at least one network')]
  if (texts.length > families.size) return [fault(field, 'takes one network of each address family')]
  return texts.flatMap((text, index) => (isPrefix(text) ? [] : [fault(`${field}[${index}]`, 'is not a network')]))
}

/** Raw PEM, not base64 of it. A worker only knows whom to believe. */
function authority(document: Members, role: MachineRole): readonly FieldFault[] {
  const issuing = membersOf(document['issuingCA'])
  const accepted = listOf(document['acceptedCAs']).flatMap((item, index) => {
    const wrong = certificateFaultOfPem(textOf(item) ?? '')
    return wrong === undefined ? [] : [fault(`acceptedCAs[${index}]`, wrong)]
  })
  if (!issuing) {
    if (role === 'controlplane') return [...accepted, fault('issuingCA', 'is missing')]
    return listOf(document['acceptedCAs']).length > 0 ? accepted : [fault('acceptedCAs', 'is empty')]
  }
  if (role === 'worker') return [...accepted, fault('issuingCA', 'is an authority, which only control planes may hold')]
  const certificate = certificateFaultOfPem(textOf(issuing['cert']) ?? '')
  const key = keyFaultOfPem(textOf(issuing['key']) ?? '')
  return [
    ...accepted,
    ...(certificate === undefined ? [] : [fault('issuingCA.cert', certificate)]),
    ...(key === undefined ? [] : [fault('issuingCA.key', key)]),
  ]
}
