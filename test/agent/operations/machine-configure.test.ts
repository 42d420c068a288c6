import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { OperationInput } from '#core/model/operation.ts'
import { configureMachine } from '#agent/operations/machine-configure.ts'
import type { Provider } from '#agent/providers/provider.ts'
import { secretsAtHand } from '#test/support/cluster-secrets.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { FakeCluster } from '#test/support/talos-cluster.ts'

/** Of the provider, configuring asks only to have the CDs taken out. */
const noProvider = { ejectMedia: () => Promise.resolve({ ok: true, value: undefined }) } as unknown as Provider
const machine = { machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001', name: 'home-cp-1', address: '192.168.1.51' }
const input: OperationInput<'machine.configure'> = {
  ...machine,
  clusterUid: '0000000000000000000a',
  secretsVersion: 1,
  intentHash: 'a'.repeat(64),
  intent: {
    talosVersion: 'v1.13.9',
    kubernetesVersion: 'v1.36.3',
    schematicId: '3'.repeat(64),
    clusterName: 'home',
    vip: '192.168.1.50',
    role: 'controlplane',
    schedulable: false,
    hostname: 'home-cp-1',
    nics: [{ mac: '02:54:41:00:00:01', addressCidr: '192.168.1.51/24', gateway: '192.168.1.1' }],
    networkCidr: '192.168.1.0/24',
    nameservers: ['192.168.1.1'],
  },
}

function waiting(changed: Partial<FakeCluster['machines'][number]> = {}) {
  const cluster = new FakeCluster()
  const fake = cluster.add({ ...machine, stage: 'maintenance', ...changed })
  return { cluster, fake, deps: cluster.deps(noProvider, secretsAtHand) }
}

describe('machine.configure', () => {
  test('sends a configuration made from the intent and reports what the machine holds', async () => {
    const { cluster, fake, deps } = waiting()
    const result = await configureMachine(deps)(input, handlerContext())
    expect(result).toEqual({
      ok: true,
      value: { intentHash: input.intentHash, configToken: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(cluster.effects).toEqual(['applyConfiguration home-cp-1'])
    const documents = parseAllDocuments(fake.config ?? '').map((document) => document.toJS() as Record<string, unknown>)
    expect(documents.some((document) => document['kind'] === 'Layer2VIPConfig')).toBe(true)
  })

  test('applies the settings and the patches of the intent, and they are a part of what the machine holds', async () => {
    const { fake, deps } = waiting()
    const settings = {
      node: { nodeLabels: { rack: '1' } },
      patches: {
        cluster: [{ machine: { sysctls: { 'vm.swappiness': '1' } } }],
        set: [{ machine: { sysctls: { 'vm.swappiness': '2' } } }],
        machine: [{ apiVersion: 'v1alpha1', kind: 'WatchdogTimerConfig', device: '/dev/watchdog0', timeout: '2m0s' }],
      },
    }
    const patched = await configureMachine(deps)({ ...input, intent: { ...input.intent, settings } }, handlerContext())
    const [main, ...others] = parseAllDocuments(fake.config ?? '').map((document) => document.toJS() as unknown)
    expect(main).toMatchObject({ machine: { nodeLabels: { rack: '1' }, sysctls: { 'vm.swappiness': '2' } } })
    expect(others).toContainEqual(expect.objectContaining({ kind: 'WatchdogTimerConfig' }))
    const plain = waiting()
    const unpatched = await configureMachine(plain.deps)(input, handlerContext())
    expect(patched.ok && unpatched.ok && patched.value.configToken !== unpatched.value.configToken).toBe(true)
  })

  test.each([
    ['a patch of what Lanline decides', { machine: { token: 'x' } }, 'patch-refused'],
    [
      'a patch after which a node would refuse the whole',
      { machine: { nodeLabels: { 'no name': '' } } },
      'config-refused',
    ],
  ])('%s is refused, and the machine is told nothing', async (_, patch, code) => {
    const { cluster, deps } = waiting()
    const settings = { patches: { machine: [patch] } }
    const result = await configureMachine(deps)({ ...input, intent: { ...input.intent, settings } }, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code, retry: 'never' } })
    expect(cluster.effects).toEqual([])
  })

  test('a machine that holds this configuration already is left alone', async () => {
    const { cluster, deps } = waiting()
    const once = await configureMachine(deps)(input, handlerContext())
    expect(await configureMachine(deps)(input, handlerContext())).toEqual(once)
    expect(cluster.effects).toHaveLength(1)
  })

  test('a machine whose configuration was changed by hand gets it back', async () => {
    const { cluster, fake, deps } = waiting()
    await configureMachine(deps)(input, handlerContext())
    fake.config = 'version: v1alpha1\n'
    expect(await configureMachine(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(cluster.effects).toHaveLength(2)
  })

  test('[P7] a machine with another UUID is told nothing', async () => {
    const { cluster, deps } = waiting({ machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f00ff' })
    const result = await configureMachine(deps)(input, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'node-foreign', retry: 'never' } })
    expect(cluster.effects).toEqual([])
  })

  test('[P7] a machine that takes the place of the right one after it was looked at is told nothing', async () => {
    const { cluster, deps } = waiting({ machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f00ff' })
    const probe = () => Promise.resolve({ is: 'maintenance', uuid: machine.machineId } as const)
    const fooled = { ...deps, talos: { ...deps.talos, probe } }
    const result = await configureMachine(fooled)(input, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'node-foreign', retry: 'never' } })
    expect(cluster.effects).toEqual([])
  })

  test('the installer comes from the Image Factory of the agent', async () => {
    const { fake, deps } = waiting()
    await configureMachine({ ...deps, factory: { ...deps.factory, host: 'factory.home.arpa:8080' } })(
      input,
      handlerContext(),
    )
    expect(fake.config).toContain(`factory.home.arpa:8080/nocloud-installer/${'3'.repeat(64)}:v1.13.9`)
  })

  test('a lost answer is no failure: the machine shows what it holds', async () => {
    const { cluster, deps } = waiting()
    cluster.loseAnswers('applyConfiguration', true)
    expect(await configureMachine(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(cluster.effects).toHaveLength(1)
  })

  test('killed after every effect it converges', async () => {
    const report = await crashAfterEachEffect(configureMachine, () => {
      const { cluster, deps } = waiting()
      return Promise.resolve({
        deps,
        input,
        check(result) {
          expect(result).toMatchObject({ ok: true, value: { intentHash: input.intentHash } })
          expect(cluster.machines[0]?.stage).toBe('configured')
        },
        close: () => Promise.resolve(),
      })
    })
    expect(report.effects).toContain('applyConfiguration')
  })
})
