import { parseAllDocuments } from 'yaml'
import { beforeAll, describe, expect, test } from 'vitest'
import { schemaErrors, type JsonSchema } from '#test/support/json-schema.ts'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { readVector } from '#test/support/vectors.ts'
import {
  canonicalConfig,
  renderMachineConfig,
  toDocuments,
  type MachineConfigInput,
} from '#core/talos/machine-config.ts'
import { parseSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'

let bundle: SecretsBundle
beforeAll(async () => {
  bundle = await aBundle()
})

const anInput = (differs?: Parameters<typeof aConfigInput>[1]) => aConfigInput(bundle, differs)

const find = (input: MachineConfigInput, kind: string) =>
  toDocuments(input).find((document) => document['kind'] === kind)
const main = (input: MachineConfigInput) => toDocuments(input)[0]!

describe('machine configuration', () => {
  test.for(['controlplane', 'worker'] as const)(
    'equals what the upstream generator writes for a %s',
    (role, context) => {
      const secrets = readVector('talos/generate/secrets.yaml', context)
      const golden = readVector(`talos/generate/v1.13/base-${role}.yaml`, context)
      const upstream = parseSecretsBundle(secrets)
      if (!upstream.ok) throw new Error('the vector does not load')
      const rendered = renderMachineConfig({
        contract: '1.13',
        bundle: upstream.value,
        cluster: {
          name: 'base',
          endpoint: 'https://base:6443',
          kubernetesVersion: 'v1.28.0',
          schedulableControlPlanes: false,
        },
        machine: { role, nics: [], nameservers: [], certSANs: [] },
      })
      expect(parseDocuments(rendered)).toEqual(parseDocuments(golden))
    },
  )

  test.for(['controlplane', 'worker'] as const)(
    'every document of a %s fits the schema of Talos 1.13',
    (role, context) => {
      const schemaText = readVector('talos/schema/config.schema-1.13.json', context)
      const schema = JSON.parse(schemaText) as JsonSchema
      const timeServers = ['time.cloudflare.com']
      for (const schedulableControlPlanes of [true, false]) {
        const documents = toDocuments(
          anInput({ cluster: { schedulableControlPlanes }, machine: { role, timeServers } }),
        )
        expect(documents.length).toBeGreaterThan(5)
        // The published schema does not know `persist`, which the upstream generator writes all the same.
        for (const { persist: _, ...document } of documents) expect(schemaErrors(document, schema)).toEqual([])
      }
      // The check itself must be able to fail.
      expect(schemaErrors({ apiVersion: 'v1alpha1', kind: 'HostnameConfig', host: 'x' }, schema)).not.toEqual([])
    },
  )

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
      { apiVersion: 'v1alpha1', kind: 'ResolverConfig', nameservers: [{ address: '192.168.1.1' }] },
      { apiVersion: 'v1alpha1', kind: 'Layer2VIPConfig', name: '192.168.1.50', link: 'net0' },
    ])
    expect(main(input)).toMatchObject({
      machine: { kubelet: { nodeIP: { validSubnets: ['192.168.1.0/24'] } } },
      cluster: { etcd: { advertisedSubnets: ['192.168.1.0/24'] } },
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
