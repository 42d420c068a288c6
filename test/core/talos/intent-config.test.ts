import { expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
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
  mac: 'BC:24:11:00:00:01',
  addressCidr: '192.168.1.51/24',
  networkCidr: '192.168.1.0/24',
  gateway: '192.168.1.1',
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
  expect(configInputOf({ ...intent, talosVersion: 'v1.12.11' }, await aBundle())).toMatchObject({
    ok: false,
    error: { code: 'unsupported-version' },
  })
})
