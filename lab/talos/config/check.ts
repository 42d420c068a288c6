import { readUnattendedInstall } from './unattended-install.ts'
import { isIPv4 } from 'node:net'
import { err, ok, type Result } from '#core/base/result.ts'
import {
  checkAuthority,
  readCertificate,
  readPrivateKey,
  readSigningAuthority,
  type Authority,
  type SigningAuthority,
} from '../pki.ts'
import { editionOf, type Edition } from '../edition.ts'
import { checkNetwork } from './check-network.ts'
import { joinFields } from './fields-of-documents.ts'
import type { LoadedConfig } from './load.ts'
import type { ControlPlaneConfig, NodeConfig } from './node-config.ts'
import { Reader } from './reader.ts'
import { textOf } from './shape.ts'

/**
 * What a node refuses before it believes a configuration: authorities that do not sign, keys that do not belong,
 * secrets of the wrong size, a worker that carries keys. The platform is nocloud, so no install section is wanted.
 * Every fault names its field; all are reported together, as Talos does.
 */
const TOKEN = /^[0-9a-z]{6}\.[0-9a-z]{16}$/
const SECRET_BYTES = 32
const YEAR_MS = 365 * 24 * 3_600_000
/** The port of the API server when the configuration does not say. */
const API_PORT = 6443

export function checkConfig(
  source: string,
  loaded: LoadedConfig,
  at: number,
  edition: Edition = editionOf(''),
): Result<NodeConfig, string> {
  if (!loaded.v1alpha1) return err("the applied machine configuration doesn't contain v1alpha1 config")
  const joined = edition.documentsReplaceFields
    ? joinFields(loaded)
    : { fields: loaded.v1alpha1, faults: [] as readonly string[] }
  const r = new Reader(joined.fields)
  r.faults.push(...joined.faults)
  if (r.text('version') !== 'v1alpha1') r.fault('version', 'must be v1alpha1')
  const type = r.text('machine.type')
  if (type !== 'controlplane' && type !== 'worker') r.fault('machine.type', `"${type}" is not a machine type`)

  for (const path of ['machine.token', 'cluster.token'])
    if (!TOKEN.test(r.text(path))) r.fault(path, 'is not a token of 6 and 16 characters')
  if (r.text('cluster.id') === '') r.fault('cluster.id', 'is required')
  checkSecret(r, 'cluster.secret')
  if (r.texts('machine.install.extraKernelArgs').length > 0 && r.flag('machine.install.grubUseUKICmdline', false))
    r.fault('machine.install.extraKernelArgs', 'cannot be used together with grubUseUKICmdline')

  const endpoint = readEndpoint(r)
  const osCa = readTrust(r, 'machine.ca', at)
  const kubernetesCa = readTrust(r, 'cluster.ca', at)
  const controlPlane = type === 'controlplane' ? readControlPlane(r, at) : undefined
  if (type === 'worker') refuseWorkerSecrets(r)

  for (const path of ['cluster.network.podSubnets', 'cluster.network.serviceSubnets'])
    for (const subnet of r.texts(path)) if (!isCidr(subnet)) r.fault(path, `"${subnet}" is not a network`)
  const taints = Object.entries(r.record('machine.nodeTaints')).map(([key, spec]) => {
    const [value = '', effect] = String(spec).includes(':') ? String(spec).split(':') : ['', String(spec)]
    if (!['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect ?? ''))
      r.fault(`machine.nodeTaints.${key}`, `"${String(spec)}" has no valid effect`)
    return { key, value, effect: effect ?? '' }
  })
  const network = checkNetwork(r, loaded.documents, type)
  const kubeletVersion = imageVersion(r, 'machine.kubelet.image')
  if (r.faults.length > 0 || !osCa || !kubernetesCa) return err(describe(r.faults))

  return ok({
    source,
    type: type === 'worker' ? 'worker' : 'controlplane',
    machineToken: r.text('machine.token'),
    clusterId: r.text('cluster.id'),
    clusterName: r.text('cluster.clusterName'),
    endpoint,
    apiPort: r.integer('cluster.controlPlane.localAPIServerPort', API_PORT),
    osCa,
    kubernetesCa,
    controlPlane,
    certSans: r.texts('machine.certSANs'),
    ...network,
    kubeletVersion,
    nodeLabels: r.strings('machine.nodeLabels'),
    nodeAnnotations: r.strings('machine.nodeAnnotations'),
    nodeTaints: taints,
    cni: r.choice('cluster.network.cni.name', ['flannel', 'custom', 'none'] as const, 'flannel'),
    podSubnets: r.texts('cluster.network.podSubnets'),
    serviceSubnets: r.texts('cluster.network.serviceSubnets'),
    sysctls: r.strings('machine.sysctls'),
    discoveryEnabled: r.flag('cluster.discovery.enabled', false),
    unattendedInstall: readUnattendedInstall(loaded.documents),
  })
}

const describe = (faults: readonly string[]): string =>
  `configuration validation failed: ${faults.length} error${faults.length === 1 ? '' : 's'} occurred:\n${faults.map((fault) => `\t* ${fault}\n`).join('')}\n`

function checkSecret(r: Reader, path: string): void {
  if (Buffer.from(r.text(path), 'base64').length !== SECRET_BYTES)
    r.fault(path, `must be ${SECRET_BYTES} bytes in base64`)
}

function readEndpoint(r: Reader): NodeConfig['endpoint'] {
  const url = r.text('cluster.controlPlane.endpoint')
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || parsed.protocol !== 'https:') {
    r.fault('cluster.controlPlane.endpoint', `"${url}" is not an https URL`)
    return { url, host: '', port: 0 }
  }
  return { url, host: parsed.hostname, port: Number(parsed.port || 443) }
}

function readTrust(r: Reader, path: string, at: number): Authority | undefined {
  const authority = readCertificate(r.text(`${path}.crt`))
  const checked = authority.ok ? checkAuthority(authority.value, at) : authority
  if (checked.ok) return checked.value
  r.fault(`${path}.crt`, checked.error)
  return undefined
}

function readSigning(r: Reader, path: string, at: number): SigningAuthority | undefined {
  const authority = readSigningAuthority(r.text(`${path}.crt`), r.text(`${path}.key`), at)
  if (authority.ok) return authority.value
  r.fault(path, authority.error)
  return undefined
}

function readControlPlane(r: Reader, at: number): ControlPlaneConfig | undefined {
  const osCa = readSigning(r, 'machine.ca', at)
  const kubernetesCa = readSigning(r, 'cluster.ca', at)
  readSigning(r, 'cluster.aggregatorCA', at)
  readSigning(r, 'cluster.etcd.ca', at)
  const serviceAccount = readPrivateKey(r.text('cluster.serviceAccount.key'))
  if (!serviceAccount.ok) r.fault('cluster.serviceAccount.key', serviceAccount.error)
  const encryption = ['cluster.secretboxEncryptionSecret', 'cluster.aescbcEncryptionSecret'].filter(
    (path) => r.text(path) !== '',
  )
  const [only] = encryption
  if (encryption.length !== 1 || only === undefined)
    r.fault('cluster.secretboxEncryptionSecret', 'exactly one of secretbox and aescbc encryption secrets is required')
  else checkSecret(r, only)
  const versions = {
    apiServer: imageVersion(r, 'cluster.apiServer.image'),
    controllerManager: imageVersion(r, 'cluster.controllerManager.image'),
    scheduler: imageVersion(r, 'cluster.scheduler.image'),
    // Nobody looks at the image of what does not run.
    proxy: r.flag('cluster.proxy.disabled', false) ? '' : imageVersion(r, 'cluster.proxy.image'),
  }
  if (!osCa || !kubernetesCa) return undefined
  return {
    osCa,
    kubernetesCa,
    apiServerSans: r.texts('cluster.apiServer.certSANs'),
    versions,
    schedulable: r.flag('cluster.allowSchedulingOnControlPlanes', false),
    proxyEnabled: !r.flag('cluster.proxy.disabled', false),
    coreDnsEnabled: !r.flag('cluster.coreDNS.disabled', false),
    adminCertLifetimeMs: r.durationMs('cluster.adminKubeconfig.certLifetime', YEAR_MS),
    inlineManifests: r.records('cluster.inlineManifests').map((manifest) => textOf(manifest['contents'])),
  }
}

/** What only control planes may hold; a worker that carries it would give it to whoever breaks into the worker. */
function refuseWorkerSecrets(r: Reader): void {
  for (const path of [
    'machine.ca.key',
    'cluster.ca.key',
    'cluster.aggregatorCA.key',
    'cluster.etcd.ca.key',
    'cluster.serviceAccount.key',
    'cluster.secretboxEncryptionSecret',
    'cluster.aescbcEncryptionSecret',
  ])
    if (r.text(path) !== '') r.fault(path, 'is not allowed on a worker')
}

/** The version in an image's tag, without `v`; the tag is required. */
function imageVersion(r: Reader, path: string): string {
  const match = /:v?(\d+\.\d+\.\d+[^@]*)(?:@|$)/.exec(r.text(path))
  if (!match) r.fault(path, `"${r.text(path)}" has no version tag`)
  return match?.[1] ?? ''
}

function isCidr(subnet: string): boolean {
  const [address = '', prefix = ''] = subnet.split('/')
  return (isIPv4(address) || address.includes(':')) && /^\d{1,3}$/.test(prefix)
}
