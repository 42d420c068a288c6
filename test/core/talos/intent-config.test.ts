import { describe, expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { checkedMachineConfig } from '#core/talos/checked-config.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { patchLevelsOf } from '#core/talos/patched-config.ts'
import { EVERY_KUBERNETES_SETTING, EVERY_NODE_SETTING, EVERY_TALOS_SETTING } from '#test/support/cluster-spec.ts'
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

test('a machine that installs itself is told its disk by serial, in the words of its contract', async () => {
  const bundle = await aBundle()
  const documentsOf = (talosVersion: string) => {
    const input = configInputOf({ ...intent, talosVersion, installDisk: 'talos-system' }, bundle)
    if (!input.ok) throw new Error('a supported intent was refused')
    return toDocuments(input.value)
  }
  const image = (version: string) => `factory.talos.dev/nocloud-installer/${intent.schematicId}:${version}`
  expect(documentsOf('v1.13.9')[0]).toMatchObject({
    machine: { install: { image: image('v1.13.9'), diskSelector: { serial: 'talos-system' } } },
  })
  expect(documentsOf('v1.14.0')).toContainEqual(
    expect.objectContaining({
      kind: 'UnattendedInstallConfig',
      installer: { image: image('v1.14.0') },
      provisioning: { diskSelector: { match: 'disk.serial == "talos-system"' }, wipe: false },
    }),
  )
})

test.each(['v1.12.11', 'v1.13.9', 'v1.14.0'])(
  '%s: a card without an address asks a DHCP server, the first one first',
  async (talosVersion) => {
    const nics = [
      { mac: 'BC:24:11:00:00:01' },
      { mac: 'BC:24:11:00:00:02', addressCidr: '10.0.0.5/24' },
      { mac: 'BC:24:11:00:00:03' },
    ]
    const kubernetesVersion = talosVersion === 'v1.12.11' ? 'v1.35.0' : intent.kubernetesVersion
    const input = configInputOf({ ...intent, talosVersion, kubernetesVersion, nics, secureBoot: true }, await aBundle())
    if (!input.ok) throw new Error(JSON.stringify(input.error))
    const documents = toDocuments(input.value)
    expect(documents.filter(({ kind }) => kind === 'DHCPv4Config')).toMatchObject([
      { name: 'net0', routeMetric: 1024 },
      { name: 'net2', routeMetric: 1026 },
    ])
    expect(checkedMachineConfig(input.value, input.value.contract, { cluster: [], set: [], machine: [] }).ok).toBe(true)
    expect(input.value.machine.installerImage).toBe(
      `factory.talos.dev/nocloud-installer-secureboot/${intent.schematicId}:${talosVersion}`,
    )
  },
)

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

test.each(['1.12', '1.13', '1.14'] as const)(
  'every setting of a spec is written in contract %s, and no check of its own refuses it',
  async (minor) => {
    const settings = {
      talos: { ...EVERY_TALOS_SETTING, ...(minor === '1.14' ? { workloadIsolation: false } : {}) },
      kubernetes: EVERY_KUBERNETES_SETTING,
      node: EVERY_NODE_SETTING,
    }
    const versions = { talosVersion: `v${minor}.0`, kubernetesVersion: 'v1.34.2' }
    const input = configInputOf({ ...intent, ...versions, settings }, await aBundle())
    if (!input.ok) throw new Error('a supported intent was refused')
    const config = checkedMachineConfig(input.value, minor)
    const text = config.ok ? config.value : JSON.stringify(config.error)
    for (const word of [
      ['br_netfilter', 'debug=1', 'net.core.somaxconn', 'https://mirror.home.arpa', 'mirror.home.arpa', 'nodeID'],
      ['grpc://kms.home.arpa:4050', 'tpm', 'time.home.arpa', 'talos.home.arpa', 'https://home.arpa/cni.yaml'],
      ['10.32.0.0/14', '10.40.0.0/16', 'dnsDomain: home.arpa', '7446', 'https://home.arpa/metrics.yaml'],
      ['rack-1', 'yes:NoExecute', 'home.arpa/owner', ...(minor === '1.14' ? ['workloadIsolation: false'] : [])],
    ].flat())
      expect(text).toContain(word)
    expect(text).not.toContain('discovery.talos.dev')
  },
)

test('every setting of a cluster of an older contract is taken by a newer Talos', async () => {
  const settings = { talos: EVERY_TALOS_SETTING, kubernetes: EVERY_KUBERNETES_SETTING, node: EVERY_NODE_SETTING }
  const versions = { talosVersion: 'v1.14.0', kubernetesVersion: 'v1.34.2', contract: '1.13' }
  const input = configInputOf({ ...intent, ...versions, settings }, await aBundle())
  expect(input.ok && checkedMachineConfig(input.value, '1.14')).toMatchObject({ ok: true })
})

test('a setting that the contract cannot write is refused, not left out', async () => {
  const input = configInputOf({ ...intent, settings: { talos: { workloadIsolation: true } } }, await aBundle())
  expect(input.ok && checkedMachineConfig(input.value, '1.13')).toMatchObject({
    ok: false,
    error: { code: 'config-refused', facts: { field: 'workloadIsolation' } },
  })
})

describe('patches of an intent', () => {
  const label = (level: string) => ({ machine: { nodeLabels: { level, [level]: '1.10' } } })
  const configWith = async (patches: NonNullable<ConfigIntent['settings']>['patches']) => {
    const patched = { ...intent, settings: { patches } }
    const input = configInputOf(patched, await aBundle())
    if (!input.ok) throw new Error('a supported intent was refused')
    return checkedMachineConfig(input.value, '1.13', patchLevelsOf(patched))
  }

  test('apply in the order cluster, set, machine, and text stays text', async () => {
    const config = await configWith({ cluster: [label('cluster')], set: [label('set')], machine: [label('machine')] })
    const text = config.ok ? config.value : ''
    expect(text).toContain('level: machine')
    for (const level of ['cluster', 'set', 'machine']) expect(text).toMatch(new RegExp(`${level}: ['"]1\\.10['"]`))
  })

  test('may bring documents of their own, written as the others are', async () => {
    const patch = { apiVersion: 'v1alpha1', kind: 'WatchdogTimerConfig', device: '/dev/watchdog0', timeout: '2m0s' }
    const config = await configWith({ cluster: [patch] })
    expect(config.ok && config.value).toContain(
      'apiVersion: v1alpha1\nkind: WatchdogTimerConfig\ndevice: /dev/watchdog0\ntimeout: 2m0s\n',
    )
  })

  test('that touch what Lanline decides are refused by level and number', async () => {
    expect(await configWith({ set: [label('set'), { machine: { token: 'x' } }] })).toMatchObject({
      ok: false,
      error: {
        code: 'patch-refused',
        retry: 'never',
        facts: { level: 'set', reason: expect.stringMatching(/^patch 2: /) },
      },
    })
  })

  test('that make a configuration a node would refuse are refused before it is sent', async () => {
    expect(await configWith({ machine: [{ machine: { nodeLabels: { 'not a name': 'x' } } }] })).toMatchObject({
      ok: false,
      error: { code: 'config-refused', facts: { faults: [expect.stringContaining('machine.nodeLabels.not a name')] } },
    })
  })
})

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

test('[pitfall 22] an installer is that of the platform the machine boots as, from the factory of the site', async () => {
  const input = configInputOf(intent, await aBundle(), 'factory.home.arpa:8080')
  expect(input).toMatchObject({
    ok: true,
    value: { machine: { installerImage: `factory.home.arpa:8080/nocloud-installer/${intent.schematicId}:v1.13.9` } },
  })
})
