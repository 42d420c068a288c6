import { parseAllDocuments } from 'yaml'
import { beforeAll, describe, expect, test } from 'vitest'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import type { MachineConfigInput } from '#core/talos/machine-config-input.ts'
import { canonicalConfig, renderMachineConfig, toDocuments } from '#core/talos/machine-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

let bundle: SecretsBundle
beforeAll(async () => {
  bundle = await aBundle()
})

const anInput = (differs?: Parameters<typeof aConfigInput>[1]) => aConfigInput(bundle, differs)

const find = (input: MachineConfigInput, kind: string) =>
  toDocuments(input).find((document) => document['kind'] === kind)
const main = (input: MachineConfigInput) => toDocuments(input)[0]!

describe('machine configuration', () => {
  test('the certificates of a control plane name the VIP, its own address and what the owner adds, once each', () => {
    const names = ['192.168.1.50', '192.168.1.51', 'k8s.example.com']
    const input = anInput({ machine: { certSANs: ['k8s.example.com', '192.168.1.51'] } })
    expect(main(input)).toMatchObject({ machine: { certSANs: names }, cluster: { apiServer: { certSANs: names } } })
  })

  test('a worker carries no key of an authority, no control plane part and no VIP', () => {
    const input = anInput({ machine: { role: 'worker' } })
    const text = renderMachineConfig(input)
    for (const { key } of [bundle.certs.os, bundle.certs.k8s, bundle.certs.etcd, bundle.certs.k8saggregator])
      expect(text).not.toContain(key)
    expect(text).not.toContain(bundle.certs.k8sserviceaccount.key)
    expect(text).not.toContain(bundle.secrets.secretboxencryptionsecret)
    expect(find(input, 'Layer2VIPConfig')).toBeUndefined()
    expect(main(input)).toMatchObject({ machine: { certSANs: ['192.168.1.51'] } })
  })

  test('a schedulable control plane takes pods and load', () => {
    const input = anInput({ cluster: { schedulableControlPlanes: true } })
    expect(main(input)).toMatchObject({ cluster: { allowSchedulingOnControlPlanes: true } })
    expect(renderMachineConfig(input)).not.toContain('exclude-from-external-load-balancers')
    expect(renderMachineConfig(anInput())).toContain('exclude-from-external-load-balancers')
  })

  test('the network is static, found by MAC, and pins kubelet and etcd', () => {
    const input = anInput()
    expect(toDocuments(input).slice(1)).toEqual([
      { apiVersion: 'v1alpha1', kind: 'ResolverConfig', nameservers: [{ address: '192.168.1.1' }] },
      { apiVersion: 'v1alpha1', kind: 'HostnameConfig', auto: 'off', hostname: 'talos-node-0' },
      {
        apiVersion: 'v1alpha1',
        kind: 'LinkAliasConfig',
        name: 'net0',
        selector: { match: 'mac(link.permanent_addr) == "bc:24:11:00:00:01"' },
      },
      {
        apiVersion: 'v1alpha1',
        kind: 'LinkConfig',
        name: 'net0',
        up: true,
        addresses: [{ address: '192.168.1.51/24' }],
        routes: [{ gateway: '192.168.1.1' }],
      },
      { apiVersion: 'v1alpha1', kind: 'Layer2VIPConfig', name: '192.168.1.50', link: 'net0' },
    ])
    expect(main(input)).toMatchObject({
      machine: { kubelet: { nodeIP: { validSubnets: ['192.168.1.0/24'] } } },
      cluster: { etcd: { advertisedSubnets: ['192.168.1.0/24'] } },
    })
  })

  test('[pitfall 23] the hostname is given with the configuration, and no platform may choose another', () => {
    for (const contract of [undefined, '1.14'] as const)
      expect(find({ ...anInput(), ...(contract ? { contract } : {}) }, 'HostnameConfig')).toMatchObject({
        auto: 'off',
        hostname: 'talos-node-0',
      })
  })

  test('[pitfall 59] links are selected by MAC and never by a name that a kernel gives', () => {
    for (const contract of [undefined, '1.14'] as const) {
      const documents = toDocuments({ ...anInput(), ...(contract ? { contract } : {}) })
      const ofKind = (kind: string) => documents.filter((document) => document['kind'] === kind)
      const aliases = ofKind('LinkAliasConfig')
      expect(aliases).toHaveLength(1)
      for (const { selector } of aliases)
        expect(selector).toMatchObject({ match: expect.stringMatching(/^mac\(link\.permanent_addr\) == "/) })
      const names = [
        ...ofKind('LinkConfig').map(({ name }) => name),
        ...ofKind('Layer2VIPConfig').map(({ link }) => link),
      ]
      expect(new Set(names)).toEqual(new Set(aliases.map(({ name }) => name)))
      expect(JSON.stringify(documents)).not.toMatch(/"(eth|ens|enp)\d/)
    }
  })

  test('contract 1.14 says the same in documents', () => {
    const input = { ...anInput(), contract: '1.14' as const }
    expect(main(input)).toEqual({
      version: 'v1alpha1',
      debug: false,
      persist: true,
      machine: {
        type: 'controlplane',
        token: bundle.trustdinfo.token,
        ca: bundle.certs.os,
        certSANs: ['192.168.1.50', '192.168.1.51'],
        features: { diskQuotaSupport: true },
      },
      cluster: {
        token: bundle.secrets.bootstraptoken,
        etcd: { ca: bundle.certs.etcd, advertisedSubnets: ['192.168.1.0/24'] },
      },
    })
    expect(find(input, 'KubeNodeConfig')).toMatchObject({ nodeIP: { validSubnets: ['192.168.1.0/24'] } })
    expect(find(input, 'KubeAPIServerConfig')).toMatchObject({ certExtraSANs: ['192.168.1.50', '192.168.1.51'] })
    expect(find(input, 'ResolverConfig')).toMatchObject({
      nameservers: [{ address: '192.168.1.1' }],
      hostDNS: { enabled: true, forwardKubeDNSToHost: true },
    })
    expect(find(input, 'UnattendedInstallConfig')).toBeUndefined()
  })

  test('a schedulable control plane of 1.14 has neither taint nor exclusion', () => {
    const input = { ...anInput({ cluster: { schedulableControlPlanes: true } }), contract: '1.14' as const }
    const node = find(input, 'KubeNodeConfig')!
    expect(node['labels']).toEqual({ 'node-role.kubernetes.io/control-plane': '' })
    expect(node['taints']).toBeUndefined()
  })

  test('a worker of 1.14 carries no key and no kind of a control plane', () => {
    const input = { ...anInput({ machine: { role: 'worker' } }), contract: '1.14' as const }
    const text = renderMachineConfig(input)
    expect(text).not.toContain('PRIVATE KEY')
    expect(text).not.toContain(bundle.secrets.secretboxencryptionsecret)
    for (const kind of ['KubeAPIServerConfig', 'KubeServiceAccountConfig', 'KubeFlannelCNIConfig', 'Layer2VIPConfig'])
      expect(find(input, kind)).toBeUndefined()
  })

  test.each(['1.12', '1.13'] as const)('contract %s gives an AES-CBC secret its own field', (contract) => {
    const input = { ...anInput(), bundle: withAesCbc(), contract }
    expect(main(input)).toMatchObject({
      cluster: { aescbcEncryptionSecret: bundle.secrets.secretboxencryptionsecret },
    })
    expect(renderMachineConfig(input)).not.toContain('secretbox')
  })

  test('contract 1.14 keeps provider and key name, so that Secrets stay readable', () => {
    const secret = bundle.secrets.secretboxencryptionsecret
    const providersOf = (own: SecretsBundle) =>
      find({ ...anInput(), bundle: own, contract: '1.14' }, 'KubeEtcdEncryptionConfig')
    expect(providersOf(bundle)).toMatchObject({
      config: { resources: [{ providers: [{ secretbox: { keys: [{ name: 'key2', secret }] } }] }] },
    })
    expect(providersOf(withAesCbc())).toMatchObject({
      config: { resources: [{ providers: [{ aescbc: { keys: [{ name: 'key1', secret }] } }, { identity: {} }] }] },
    })
  })

  test('the text says what the documents say', () => {
    expect(parseDocuments(renderMachineConfig(anInput()))).toEqual(toDocuments(anInput()))
  })

  test('spelling does not change the canonical form, meaning does', () => {
    const text = renderMachineConfig(anInput())
    const shuffled = `# a comment\n---\n${text.split('---\n').toReversed().join('---\n')}---\n`
    expect(canonicalConfig(shuffled)).toEqual(canonicalConfig(text))
    expect(canonicalConfig(text.replace('debug: false', 'debug: true'))).not.toEqual(canonicalConfig(text))
    expect(canonicalConfig('a: [')).toMatchObject({ ok: false, error: { code: 'config-refused' } })
    expect(canonicalConfig('')).toEqual({ ok: true, value: '[]' })
  })
})

const parseDocuments = (text: string): unknown[] =>
  parseAllDocuments(text).map((document) => document.toJS() as unknown)

/** As bundles were before secretbox. */
function withAesCbc(): SecretsBundle {
  const { bootstraptoken, secretboxencryptionsecret } = bundle.secrets
  return { ...bundle, secrets: { bootstraptoken, aescbcencryptionsecret: secretboxencryptionsecret } }
}
