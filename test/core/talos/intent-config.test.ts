import { expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { checkedMachineConfig } from '#core/talos/checked-config.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { toDocuments } from '#core/talos/machine-config.ts'
import type { ConfigIntent } from '#core/model/operation.ts'

const intent: ConfigIntent = {
  talosVersion: 'v1.13.9',
  kubernetesVersion: 'v1.36.3',
  schematicId: 'ab'.repeat(32),
  clusterName: 'home',
  vip: '192.168.1.50',
  role: 'controlplane',
  schedulable: true,
  hostname: 'talos-node-0',
  nics: [{ mac: 'BC:24:11:00:00:01', addressCidr: '192.168.1.51/24', gateway: '192.168.1.1' }],
  networkCidr: '192.168.1.0/24',
  nameservers: ['192.168.1.1'],
}

test('an intent and a bundle are all a machine configuration needs', async () => {
  const input = configInputOf(intent, await aBundle())
  if (!input.ok) throw new Error('a supported intent was refused')
  expect(toDocuments(input.value)[0]).toMatchObject({
    machine: {
      type: 'controlplane',
      kubelet: { image: 'ghcr.io/siderolabs/kubelet:v1.36.3' },
      install: { image: `factory.talos.dev/nocloud-installer/${intent.schematicId}:v1.13.9` },
    },
    cluster: { clusterName: 'home', controlPlane: { endpoint: 'https://192.168.1.50:6443' } },
  })
})

test('an intent for a Talos we cannot configure is refused', async () => {
  expect(configInputOf({ ...intent, talosVersion: 'v1.11.6' }, await aBundle())).toMatchObject({
    ok: false,
    error: { code: 'unsupported-version' },
  })
})

test('a cluster keeps the contract it was born with when its Talos is newer', async () => {
  const upgraded = { ...intent, talosVersion: 'v1.14.0', contract: '1.13' }
  expect(configInputOf(upgraded, await aBundle())).toMatchObject({ ok: true, value: { contract: '1.13' } })
  expect(configInputOf({ ...upgraded, contract: '1.9' }, await aBundle())).toMatchObject({
    ok: false,
    error: { code: 'unsupported-version', facts: { field: 'contract' } },
  })
})

test.each(['1.12', '1.13', '1.14'] as const)(
  'what a cluster of contract %s gets is refused by no check of its own',
  async (minor) => {
    const bundle = await aBundle()
    for (const role of ['controlplane', 'worker'] as const) {
      const input = configInputOf(
        { ...intent, role, talosVersion: `v${minor}.0`, kubernetesVersion: 'v1.34.2' },
        bundle,
      )
      if (!input.ok) throw new Error('a supported intent was refused')
      expect(checkedMachineConfig(input.value, minor).ok).toBe(true)
    }
  },
)

test('a configuration that a node would refuse is refused before it is sent', async () => {
  const input = configInputOf(
    { ...intent, nics: [{ ...intent.nics[0]!, addressCidr: '192.168.1.300/24' }] },
    await aBundle(),
  )
  if (!input.ok) throw new Error('a supported intent was refused')
  expect(checkedMachineConfig(input.value, '1.13')).toMatchObject({
    ok: false,
    error: { code: 'config-refused', facts: { faults: ['LinkConfig/net0 addresses[0].address: is no address'] } },
  })
})

test('an installer comes from the factory of the site', async () => {
  const input = configInputOf(intent, await aBundle(), 'factory.home.arpa:8080')
  expect(input).toMatchObject({
    ok: true,
    value: { machine: { installerImage: `factory.home.arpa:8080/nocloud-installer/${intent.schematicId}:v1.13.9` } },
  })
})
