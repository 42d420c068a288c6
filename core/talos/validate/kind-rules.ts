import type { VersionContract } from '../contracts/contract.ts'
import { certificateFaultOfPem, keyFaultOfPem } from '../pair-check.ts'
import { listOf, membersOf, textOf, valueAt, type MachineRole, type Members } from './config-document.ts'
import { fault, type FieldFault } from './fault.ts'
import { checkKubeletConfig } from './main-rules.ts'
import {
  checkEndpoint,
  checkKubernetesImage,
  checkLabels,
  checkSubnetFilters,
  checkTaints,
  isAddress,
  isEntropy,
  isPrefix,
} from './value-rules.ts'

/** What a node asks of a document of a kind beyond its shape. Source: Talos `config/types`, in own words. */
export interface KindContext {
  readonly role: MachineRole
  readonly contract: VersionContract
}

type KindRule = (document: Members, context: KindContext) => readonly FieldFault[]

const image: KindRule = (document, { contract }) =>
  checkKubernetesImage(document['image'], 'image', contract.kubernetes)

const links: KindRule = (document) => [
  ...listOf(document['addresses']).flatMap((item, index) => {
    const address = textOf(membersOf(item)?.['address'])
    return address === undefined || isPrefix(address) ? [] : [fault(`addresses[${index}].address`, 'is no address')]
  }),
  ...listOf(document['routes']).flatMap((item, index) => {
    const { destination, gateway } = membersOf(item) ?? {}
    return [
      ...(textOf(destination) === undefined || isPrefix(textOf(destination)!)
        ? []
        : [fault(`routes[${index}].destination`, 'is not a network')]),
      ...(textOf(gateway) === undefined || isAddress(textOf(gateway)!)
        ? []
        : [fault(`routes[${index}].gateway`, 'is not an address')]),
    ]
  }),
]

const MAX_HOSTNAME_CHARS = 63
const MAX_FQDN_CHARS = 253
const MAX_VLAN = 4094
const MAX_PORT = 65535

const RULES: Readonly<Record<string, KindRule>> = {
  LinkConfig: links,
  DummyLinkConfig: links,
  BondConfig: links,
  BridgeConfig: links,
  VLANConfig: (document, context) => [
    ...links(document, context),
    ...(inRange(document['vlanID'], 1, MAX_VLAN) ? [] : [fault('vlanID', `must be 1 to ${MAX_VLAN}`)]),
  ],
  LinkAliasConfig: (document) => required(document, 'selector.match'),
  Layer2VIPConfig: ({ name }) => (isAddress(textOf(name) ?? '') ? [] : [fault('name', 'must be an address')]),
  HostnameConfig: ({ auto, hostname }) => {
    const text = textOf(hostname)
    if (text === undefined) return auto === undefined || auto === null ? [fault('auto', 'or a hostname is needed')] : []
    const tooLong = text.length > MAX_FQDN_CHARS || text.split('.')[0]!.length > MAX_HOSTNAME_CHARS
    return [
      ...(auto === 'stable' ? [fault('auto', 'and hostname cannot both be set')] : []),
      ...(tooLong || text.startsWith('.') ? [fault('hostname', 'is not a name that a machine can have')] : []),
    ]
  },
  ResolverConfig: (document) => [
    ...(valueAt(document, 'hostDNS.forwardKubeDNSToHost') === true && valueAt(document, 'hostDNS.enabled') !== true
      ? [fault('hostDNS.forwardKubeDNSToHost', 'needs hostDNS to be enabled')]
      : []),
    ...listOf(document['nameservers']).flatMap((item, index) =>
      isAddress(textOf(membersOf(item)?.['address']) ?? '')
        ? []
        : [fault(`nameservers[${index}].address`, 'is not an address')],
    ),
  ],
  DiscoveryIdentityConfig: ({ clusterSecret }) =>
    isEntropy(textOf(clusterSecret)) ? [] : [fault('clusterSecret', 'must be base64 of 32 bytes')],
  UnattendedInstallConfig: (document) => required(document, 'provisioning.diskSelector.match'),
  VolumeConfig: (document) => encryption(document),
  UserVolumeConfig: (document) => encryption(document),
  RawVolumeConfig: (document) => encryption(document),
  SwapVolumeConfig: (document) => encryption(document),
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
  KubeEtcdEncryptionConfig: ({ config }) =>
    Object.keys(membersOf(config) ?? {}).length > 0 ? [] : [fault('config', 'is empty')],
  KubeAuthorizerConfig: ({ type, webhook }) =>
    type === 'Webhook' && membersOf(webhook) === undefined ? [fault('webhook', 'is missing')] : [],
}

export const checkKind = (kind: string, document: Members, context: KindContext): readonly FieldFault[] =>
  RULES[kind]?.(document, context) ?? []

const inRange = (value: Members[string], first: number, last: number): boolean =>
  typeof value === 'number' && value >= first && value <= last

const required = (document: Members, path: string): readonly FieldFault[] =>
  textOf(valueAt(document, path)) === undefined ? [fault(path, 'is missing')] : []

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

function encryption(document: Members): readonly FieldFault[] {
  const spec = membersOf(document['encryption'])
  if (!spec) return []
  if (textOf(spec['provider']) === undefined) return [fault('encryption.provider', 'is missing')]
  const keys = listOf(spec['keys']).map((item) => membersOf(item) ?? {})
  if (keys.length === 0) return [fault('encryption.keys', 'needs at least one key')]
  const slots = keys.map((key) => key['slot'] ?? 0)
  return keys.flatMap((key, index) => [
    ...(slots.indexOf(slots[index]!) < index
      ? [fault(`encryption.keys[${index}].slot`, 'is taken by another key')]
      : []),
    ...(['static', 'nodeID', 'kms', 'tpm'].some((form) => membersOf(key[form]))
      ? []
      : [fault(`encryption.keys[${index}]`, 'is none of static, nodeID, kms, tpm')]),
  ])
}
