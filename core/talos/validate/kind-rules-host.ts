import { certificateFaultOfPem, keyFaultOfPem } from '../pair-check.ts'
import { listOf, membersOf, textOf, valueAt, type Members } from './config-document.ts'
import { fault, type FieldFault } from './fault.ts'
import type { KindRule } from './kind-rule.ts'
import { required } from './value-rules.ts'

/**
 * What a node asks of the documents about volumes, registries and services beyond their shape.
 *
 * Source: Talos `config/types/{block,storage,cri,runtime,siderolink}`, in own words.
 */

/** Nothing is said in it, at any depth. */
function isHollow(value: Members[string]): boolean {
  if (Array.isArray(value)) return value.length === 0
  const members = membersOf(value)
  return members ? Object.values(members).every(isHollow) : (value ?? '') === '' || value === 0
}

/** `none` is the empty word for a provider and for a file system. */
const isNone = (word: Members[string]): boolean => (textOf(word) ?? 'none') === 'none'

/** An encryption without provider and keys, or a file system without type and options, says nothing. */
const isEmptySpec = (spec: Members): boolean =>
  isNone(spec['provider']) &&
  isNone(spec['type']) &&
  ['keys', 'xfs', 'projectQuotaSupport'].every((name) => isHollow(spec[name]))

function encryption(document: Members): readonly FieldFault[] {
  const spec = membersOf(document['encryption'])
  if (!spec || isEmptySpec(spec)) return []
  if (isNone(spec['provider'])) return [fault('encryption.provider', 'is missing')]
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

/** Where a new volume goes; a whole disk has no size of its own. */
function provisioning(document: Members, { sized }: { readonly sized: boolean }): readonly FieldFault[] {
  const { minSize, maxSize, grow } = membersOf(document['provisioning']) ?? {}
  const without = [minSize, maxSize].every((size) => size === undefined || size === null || size === '')
  return [
    ...required(document, 'provisioning.diskSelector.match'),
    ...(sized && without ? [fault('provisioning', 'needs minSize or maxSize')] : []),
    ...(!sized && (!without || (grow ?? null) !== null) ? [fault('provisioning', 'takes no size for a disk')] : []),
  ]
}

const volume: KindRule = (document) => [...provisioning(document, { sized: true }), ...encryption(document)]

const userVolume: KindRule = (document) => {
  const kind = textOf(document['volumeType']) ?? 'partition'
  const xfs = ['xfs', 'none'].includes(textOf(valueAt(document, 'filesystem.type')) ?? 'none')
  if (kind !== 'directory')
    return [
      ...provisioning(document, { sized: kind === 'partition' }),
      ...encryption(document),
      ...(valueAt(document, 'filesystem.projectQuotaSupport') === true && !xfs
        ? [fault('filesystem.projectQuotaSupport', 'is only for xfs')]
        : []),
    ]
  return ['provisioning', 'encryption', 'filesystem'].flatMap((name) => {
    const spec = membersOf(document[name])
    const empty = isHollow(document[name]) || (name !== 'provisioning' && spec !== undefined && isEmptySpec(spec))
    return empty ? [] : [fault(name, 'is not for a directory')]
  })
}

const SYSTEM_VOLUMES = ['STATE', 'EPHEMERAL', 'IMAGECACHE']
/** Parts of EPHEMERAL, which 1.14 made volumes of their own. */
const DATA_VOLUMES = ['ETCD', 'CRI', 'KUBELET', 'LOG']

const systemVolume: KindRule = (document, { contract }) => {
  const known = contract.filesystemTrim ? [...SYSTEM_VOLUMES, ...DATA_VOLUMES] : SYSTEM_VOLUMES
  const name = textOf(document['name']) ?? ''
  return [...(known.includes(name) ? [] : [fault('name', `is none of ${known.join(', ')}`)]), ...encryption(document)]
}

const logicalVolume: KindRule = (document) => {
  const { type, mirrors, stripes } = document
  const layout = textOf(type) ?? 'linear'
  return [
    ...required(document, 'provisioning.volumeGroup'),
    ...required(document, 'provisioning.maxSize'),
    ...((mirrors ?? null) !== null && !['raid1', 'raid10'].includes(layout)
      ? [fault('mirrors', `is not for ${layout}`)]
      : []),
    ...((stripes ?? null) !== null && !['raid0', 'raid10'].includes(layout)
      ? [fault('stripes', `is not for ${layout}`)]
      : []),
  ]
}

const registryTls: KindRule = ({ ca, clientIdentity }) => {
  const { cert, crt, key } = membersOf(clientIdentity) ?? {}
  const pair = [textOf(cert) ?? textOf(crt), textOf(key)] as const
  const authority = textOf(ca) === undefined ? undefined : certificateFaultOfPem(textOf(ca)!)
  const given = membersOf(clientIdentity) !== undefined
  const wrong = [certificateFaultOfPem(pair[0] ?? ''), keyFaultOfPem(pair[1] ?? '')]
  return [
    ...(authority === undefined ? [] : [fault('ca', authority)]),
    ...(given && wrong[0] !== undefined ? [fault('clientIdentity.cert', wrong[0])] : []),
    ...(given && wrong[1] !== undefined ? [fault('clientIdentity.key', wrong[1])] : []),
  ]
}

const registryAuth: KindRule = ({ username, identityToken, auth }) => {
  const forms = [username, identityToken, auth].filter((form) => textOf(form) !== undefined)
  return forms.length > 1 ? [fault('', 'takes one of username and password, auth and identityToken')] : []
}

const extensionService: KindRule = ({ configFiles, environment }) => [
  ...(listOf(configFiles).length + listOf(environment).length > 0
    ? []
    : [fault('configFiles', 'or an environment is needed')]),
  ...listOf(configFiles).flatMap((item, index) =>
    ['content', 'mountPath'].flatMap((name) =>
      textOf(membersOf(item)?.[name]) === undefined ? [fault(`configFiles[${index}].${name}`, 'is missing')] : [],
    ),
  ),
]

const imageVerification: KindRule = ({ rules }) =>
  listOf(rules).flatMap((item, index) => {
    const { image, skip, deny, keyless, publicKey } = membersOf(item) ?? {}
    const at = (message: string) => fault(`rules[${index}]`, message)
    const verifiers = [keyless, publicKey].filter((verifier) => membersOf(verifier)).length
    const settled = [skip, deny].filter((word) => word === true).length
    const { issuer, subject, subjectRegex } = membersOf(keyless) ?? {}
    const lacking = [
      ...(membersOf(publicKey) && textOf(membersOf(publicKey)?.['certificate']) === undefined ? ['publicKey'] : []),
      ...(membersOf(keyless) &&
      (textOf(issuer) === undefined || (textOf(subject) ?? textOf(subjectRegex)) === undefined)
        ? ['keyless']
        : []),
    ]
    return [
      ...(textOf(image) === undefined ? [at('needs an image')] : []),
      ...(textOf(image)?.includes('@') ? [at('matches images without their digest')] : []),
      ...(settled + verifiers === 1 ? [] : [at('needs exactly one of skip, deny, keyless and publicKey')]),
      ...lacking.map((name) => at(`does not say whom ${name} trusts`)),
    ]
  })

const volumeSelector: KindRule = (document) => required(document, 'provisioning.volumeSelector.match')

export const HOST_RULES: Readonly<Record<string, KindRule>> = {
  VolumeConfig: systemVolume,
  UserVolumeConfig: userVolume,
  RawVolumeConfig: volume,
  SwapVolumeConfig: volume,
  ExistingVolumeConfig: (document) => required(document, 'discovery.volumeSelector.match'),
  ExternalVolumeConfig: (document) => [
    ...required(document, 'filesystemType'),
    ...required(document, 'mount.virtiofs.tag'),
  ],
  LVMVolumeGroupConfig: volumeSelector,
  LVMLogicalVolumeConfig: logicalVolume,
  RAIDArrayConfig: volumeSelector,
  ImageVerificationConfig: imageVerification,
  RegistryTLSConfig: registryTls,
  RegistryAuthConfig: registryAuth,
  ExtensionServiceConfig: extensionService,
  WatchdogTimerConfig: (document) => required(document, 'device'),
  EventSinkConfig: ({ endpoint }) =>
    /^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(textOf(endpoint) ?? '')
      ? []
      : [fault('endpoint', 'is not a host with a port')],
  SideroLinkConfig: ({ apiUrl }) => {
    const url = textOf(apiUrl)
    if (url === undefined) return [fault('apiUrl', 'is missing')]
    return /^[a-z]+:\/\/[^/?#]*\/?([?#]|$)/i.test(url) ? [] : [fault('apiUrl', 'cannot have a path')]
  },
  UnattendedInstallConfig: (document) => required(document, 'provisioning.diskSelector.match'),
}
