import { textOf, valueAt, type MachineRole, type Members, type ParsedDocument } from './config-document.ts'
import type { ConfigFault } from './fault.ts'
import { CONTROL_PLANE_KINDS, LINK_KINDS, OLDER_FORMS, RIVALS } from './kind-relations.ts'

/** What documents ask of each other. Source: Talos `config/container` and the conflict rules of each kind, in own words. */
export function checkTogether(
  documents: readonly ParsedDocument[],
  role: MachineRole,
  minor: number,
): readonly ConfigFault[] {
  const main = documents.find(({ kind }) => kind === 'Main')?.value
  return [
    ...identities(documents),
    ...linkNames(documents),
    ...documents.flatMap((document) => rivals(document, documents)),
    ...(main ? documents.flatMap((document) => olderForms(document, main)) : []),
    ...(role === 'worker' ? documents.filter(isControlPlaneOnly).map(onlyControlPlanes) : []),
    ...(role === 'controlplane' && minor >= 14 ? etcdEncryption(documents, main) : []),
    ...discoveryIdentity(documents, main),
    ...(minor >= 14 ? kubeSpanDiscovery(documents, main) : []),
  ]
}

const about = ({ label }: ParsedDocument, field: string, message: string): ConfigFault => ({
  document: label,
  field,
  message,
})

function identities(documents: readonly ParsedDocument[]): readonly ConfigFault[] {
  return documents
    .filter(({ label }, index) => documents.findIndex((other) => other.label === label) < index)
    .map((document) => about(document, '', 'is there twice'))
}

/** Two documents of one kind and name are said to be twice there already. */
function linkNames(documents: readonly ParsedDocument[]): readonly ConfigFault[] {
  const claims = documents
    .filter(({ kind }) => LINK_KINDS.includes(kind))
    .flatMap((document) =>
      [document.name, textOf(valueAt(document.value, 'peer.name'))].map((link) => ({ document, link })),
    )
    .filter(({ link }) => link !== undefined)
  return claims.flatMap(({ document, link }, index) => {
    const other = claims.slice(0, index).find((claim) => claim.link === link && claim.document.label !== document.label)
    return other ? [about(document, 'name', `${link} is already configured by ${other.document.label}`)] : []
  })
}

function rivals(document: ParsedDocument, documents: readonly ParsedDocument[]): readonly ConfigFault[] {
  const rival = documents.find(({ kind, name }) => kind === RIVALS[document.kind] && name === document.name)
  return rival ? [about(document, 'name', `is already used by ${rival.label}`)] : []
}

function olderForms(document: ParsedDocument, main: Members): readonly ConfigFault[] {
  const hostDns = document.kind === 'ResolverConfig' && valueAt(document.value, 'hostDNS') !== undefined
  const encrypted =
    document.kind === 'VolumeConfig' &&
    document.name !== undefined &&
    valueAt(document.value, 'encryption') !== undefined
  const paths = [
    ...(OLDER_FORMS[document.kind] ?? []),
    ...(hostDns ? ['machine.features.hostDNS'] : []),
    ...(encrypted ? [`machine.systemDiskEncryption.${document.name.toLowerCase()}`] : []),
  ]
  return paths
    .filter((path) => valueAt(main, path) !== undefined)
    .map((path) => about(document, '', `says the same as ${path} of the v1alpha1 document; keep one of them`))
}

const isControlPlaneOnly = ({ kind }: ParsedDocument): boolean => CONTROL_PLANE_KINDS.includes(kind)
const onlyControlPlanes = (document: ParsedDocument): ConfigFault => about(document, '', 'is only for control planes')

const MAIN = 'v1alpha1'

/** Without it a newer Talos would have no key for the Secrets in etcd. */
function etcdEncryption(documents: readonly ParsedDocument[], main: Members | undefined): readonly ConfigFault[] {
  const authority =
    documents.some(({ kind }) => kind === 'KubeAPIServerCAConfig') || valueAt(main, 'cluster.ca') !== undefined
  const encrypted =
    documents.some(({ kind }) => kind === 'KubeEtcdEncryptionConfig') ||
    ['secretbox', 'aescbc'].some((form) => textOf(valueAt(main, `cluster.${form}EncryptionSecret`)) !== undefined)
  return authority && !encrypted
    ? [
        {
          document: MAIN,
          field: '',
          message: 'a control plane needs the encryption of etcd (KubeEtcdEncryptionConfig)',
        },
      ]
    : []
}

function discoveryIdentity(documents: readonly ParsedDocument[], main: Members | undefined): readonly ConfigFault[] {
  const service = documents.find(({ kind }) => kind === 'DiscoveryServiceConfig')
  const identified =
    documents.some(({ kind }) => kind === 'DiscoveryIdentityConfig') ||
    textOf(valueAt(main, 'cluster.id')) !== undefined
  return service && !identified
    ? [about(service, '', 'needs the identity of the cluster (DiscoveryIdentityConfig)')]
    : []
}

function kubeSpanDiscovery(documents: readonly ParsedDocument[], main: Members | undefined): readonly ConfigFault[] {
  const kubeSpan = documents.find(({ kind, value }) => kind === 'KubeSpanConfig' && value['enabled'] === true)
  const discovering =
    documents.some(({ kind }) => kind === 'DiscoveryServiceConfig') ||
    valueAt(main, 'cluster.discovery.enabled') === true
  return kubeSpan && !discovering ? [about(kubeSpan, 'enabled', 'needs discovery to be enabled')] : []
}
