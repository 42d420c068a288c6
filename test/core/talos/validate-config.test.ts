import { beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { MachineInput } from '#core/talos/machine-config-input.ts'
import { toDocuments } from '#core/talos/machine-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'

let bundle: SecretsBundle
beforeAll(async () => {
  bundle = await aBundle()
})

type Documents = Record<string, unknown>[]

/** What is found in a rendered configuration after a change; `extra` is YAML that comes after it. */
function faultsOf(
  contract: TalosContract,
  role: MachineInput['role'],
  change: (documents: Documents) => void = () => undefined,
  extra = '',
): readonly string[] {
  const input = { ...aConfigInput(bundle, { cluster: { kubernetesVersion: 'v1.34.2' }, machine: { role } }), contract }
  const documents = structuredClone(toDocuments(input)) as Documents
  change(documents)
  const yaml = documents.map((document) => stringify(document)).join('---\n') + (extra === '' ? '' : `---\n${extra}`)
  return validateConfig(yaml, { minor: contract, role }).map(
    ({ document, field, message }) => `${document}${field === '' ? '' : ` ${field}`}: ${message}`,
  )
}

const set = (path: string, value: unknown) => (documents: Documents) => {
  const [kind, ...names] = path.split('.')
  let at = documents.find((document) => (document['kind'] ?? 'v1alpha1') === kind) as Record<string, unknown>
  for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>
  at[names.at(-1)!] = value
}
const without = (kind: string) => (documents: Documents) => {
  documents.splice(
    documents.findIndex((document) => document['kind'] === kind),
    1,
  )
}

describe('a configuration is refused with document and field when', () => {
  test('a field or a kind is unknown', () => {
    expect(faultsOf('1.13', 'worker', set('v1alpha1.machine.kubelet.imag', 'x'))).toEqual([
      'v1alpha1 machine.kubelet.imag: is unknown',
    ])
    expect(faultsOf('1.13', 'worker', undefined, 'apiVersion: v1alpha1\nkind: HostConfig\n')).toEqual([
      'HostConfig kind: HostConfig is no kind that Talos knows',
    ])
    expect(faultsOf('1.13', 'worker', undefined, 'apiVersion: v1alpha1\nkind: SysctlConfig\nparams: {}\n')).toEqual([
      'SysctlConfig kind: SysctlConfig is known from Talos 1.14 on',
    ])
  })

  test('it is no configuration at all', () => {
    const found = (yaml: string) =>
      validateConfig(yaml, { minor: '1.13', role: 'worker' }).map(({ message }) => message)
    expect(found('')).toEqual(['is empty'])
    expect(found('---\n')).toEqual(['is empty'])
    expect(found('a: [')).toEqual([expect.stringContaining('document 1 is not YAML')])
    expect(found('[1]')).toEqual(['document 1 is not a mapping'])
    expect(found('apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n')).toEqual([
      'the v1alpha1 document is missing',
    ])
    expect(found('x'.repeat(2 * 1024 * 1024))).toEqual(['is too large'])
  })

  test('a worker carries what only control planes may', () => {
    expect(faultsOf('1.13', 'worker', set('v1alpha1.machine.ca.key', bundle.certs.os.key))).toEqual([
      'v1alpha1 machine.ca.key: is a key of an authority, which only control planes may hold',
    ])
    expect(faultsOf('1.13', 'worker', set('v1alpha1.cluster.etcd', { ca: bundle.certs.etcd }))).toEqual([
      'v1alpha1 cluster.etcd: is only for control planes',
    ])
    const coreDns = 'apiVersion: v1alpha1\nkind: KubeCoreDNSConfig\nenabled: true\n'
    expect(faultsOf('1.14', 'worker', undefined, coreDns)).toEqual(['KubeCoreDNSConfig: is only for control planes'])
    const vip = 'apiVersion: v1alpha1\nkind: Layer2VIPConfig\nname: 192.168.1.50\nlink: net0\n'
    expect(faultsOf('1.12', 'worker', undefined, vip)).toEqual([
      'Layer2VIPConfig/192.168.1.50: is only for control planes',
    ])
    const pair = { issuingCA: { cert: 'x', key: 'y' }, acceptedCAs: undefined }
    expect(
      faultsOf('1.14', 'worker', (documents) =>
        Object.assign(
          documents.find(({ kind }) => kind === 'KubeAPIServerCAConfig')!,
          pair,
        ),
      ),
    ).toEqual(['KubeAPIServerCAConfig issuingCA: is an authority, which only control planes may hold'])
  })

  test('the machine is of the other role', () => {
    expect(faultsOf('1.13', 'worker', set('v1alpha1.machine.type', 'controlplane'))).toEqual([
      'v1alpha1 machine.type: must be worker: that is what this machine is',
    ])
  })

  test('an old and a new form say the same', () => {
    expect(faultsOf('1.14', 'worker', set('v1alpha1.machine.install', { disk: '/dev/sda' }))).toEqual([])
    const install =
      'apiVersion: v1alpha1\nkind: UnattendedInstallConfig\nprovisioning:\n  diskSelector:\n    match: disk.size > 1u\n'
    expect(faultsOf('1.14', 'worker', set('v1alpha1.machine.install', { disk: '/dev/sda' }), install)).toEqual([
      'UnattendedInstallConfig: says the same as machine.install of the v1alpha1 document; keep one of them',
    ])
    expect(faultsOf('1.14', 'controlplane', set('v1alpha1.cluster.id', bundle.cluster.id))).toEqual([
      'DiscoveryIdentityConfig: says the same as cluster.id of the v1alpha1 document; keep one of them',
    ])
    expect(faultsOf('1.13', 'worker', set('v1alpha1.machine.network', { hostname: 'x' }))).toEqual([
      'HostnameConfig: says the same as machine.network.hostname of the v1alpha1 document; keep one of them',
    ])
  })

  test('two documents have one identity, or configure one link', () => {
    const hostname = 'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n'
    expect(faultsOf('1.12', 'worker', undefined, hostname)).toEqual(['HostnameConfig: is there twice'])
    const dummy = 'apiVersion: v1alpha1\nkind: DummyLinkConfig\nname: net0\n'
    expect(faultsOf('1.13', 'worker', undefined, dummy)).toEqual([
      'DummyLinkConfig/net0 name: net0 is already configured by LinkConfig/net0',
    ])
  })

  test('a control plane of 1.14 has no key for the Secrets in etcd', () => {
    expect(faultsOf('1.14', 'controlplane', without('KubeEtcdEncryptionConfig'))).toEqual([
      'v1alpha1: a control plane needs the encryption of etcd (KubeEtcdEncryptionConfig)',
    ])
  })

  test('Kubernetes is of a version that this Talos does not run', () => {
    expect(
      faultsOf('1.13', 'worker', set('v1alpha1.machine.kubelet.image', 'ghcr.io/siderolabs/kubelet:v1.29.1')),
    ).toEqual(['v1alpha1 machine.kubelet.image: Kubernetes v1.29.1 does not run on this Talos; it runs 1.31 to 1.36'])
    expect(faultsOf('1.14', 'worker', set('KubeletConfig.image', 'ghcr.io/siderolabs/kubelet'))).toEqual([
      'KubeletConfig image: needs a tag that says the Kubernetes version',
    ])
  })

  test.each<[TalosContract, MachineInput['role'], string, unknown, string]>([
    ['1.13', 'worker', 'v1alpha1.machine.nodeTaints', { gpu: 'yes' }, 'v1alpha1 machine.nodeTaints.gpu'],
    ['1.14', 'worker', 'KubeNodeConfig.labels', { 'a b': '' }, 'KubeNodeConfig labels.a b'],
    ['1.14', 'worker', 'DiscoveryIdentityConfig.clusterSecret', 'c2hvcnQ=', 'DiscoveryIdentityConfig clusterSecret'],
    [
      '1.14',
      'controlplane',
      'KubeAPIServerCAConfig.issuingCA',
      { cert: 'x', key: 'y' },
      'KubeAPIServerCAConfig issuingCA.cert',
    ],
    ['1.14', 'worker', 'KubeNetworkConfig.podSubnets', ['10.0.0.0/8', '11.0.0.0/8'], 'KubeNetworkConfig podSubnets'],
    ['1.14', 'worker', 'KubeClusterConfig.endpoint', 'https://a:70000', 'KubeClusterConfig endpoint'],
    [
      '1.13',
      'worker',
      'LinkConfig.addresses',
      [{ address: '192.168.1.300/24' }],
      'LinkConfig/net0 addresses[0].address',
    ],
    ['1.13', 'worker', 'HostnameConfig.auto', 'stable', 'HostnameConfig auto'],
    ['1.13', 'worker', 'v1alpha1.machine.sysctls', { a: ['b'] }, 'v1alpha1 machine.sysctls'],
    ['1.12', 'worker', 'v1alpha1.machine.kubelet.extraArgs', { v: ['1', '2'] }, 'v1alpha1 machine.kubelet.extraArgs'],
    [
      '1.13',
      'controlplane',
      'v1alpha1.cluster.network.cni',
      { name: 'flannel', urls: ['https://a'] },
      'v1alpha1 cluster.network.cni.urls',
    ],
    [
      '1.13',
      'worker',
      'v1alpha1.machine.kubelet.extraConfig',
      { authentication: {} },
      'v1alpha1 machine.kubelet.extraConfig.authentication',
    ],
  ])('%s %s: %s is %j', (contract, role, path, value, found) => {
    expect(faultsOf(contract, role, set(path, value)).map((fault) => fault.replace(/: .*$/, ''))).toContain(found)
  })
})

describe('a configuration is not refused because', () => {
  test('a number or a truth value stands where a text is wanted, as it may for a node', () => {
    expect(faultsOf('1.13', 'worker', set('v1alpha1.machine.sysctls', { 'vm.nr_hugepages': 1024, x: true }))).toEqual(
      [],
    )
  })

  test('a value is null', () => {
    expect(faultsOf('1.13', 'worker', set('v1alpha1.machine.sysctls', null))).toEqual([])
  })

  test('it still says what older Talos wrote', () => {
    const registries = { mirrors: { 'docker.io': { endpoints: ['https://mirror'] } } }
    expect(faultsOf('1.14', 'worker', set('v1alpha1.machine.registries', registries))).toEqual([])
  })
})

test('a message never carries a secret', () => {
  const text = validateConfig(
    parseAllDocuments(`machine:\n  type: worker\n  ca: {crt: ${bundle.certs.os.crt}, key: ${bundle.certs.os.key}}\n`)
      .map((document) => String(document))
      .join('---\n'),
    { minor: '1.13', role: 'worker' },
  )
  expect(text.length).toBeGreaterThan(0)
  expect(JSON.stringify(text)).not.toContain(bundle.certs.os.key.slice(0, 40))
})
