import { describe, expect, test } from 'vitest'
import { hashOf, type Json } from '#core/base/canonical-json.ts'
import { checkPatches } from '#core/check/patches.ts'
import { MAX_SETTINGS_CHARS } from '#core/model/cluster.ts'
import type { OpOffer } from '#core/protocol/op-offer.ts'
import { MAX_MESSAGE_CHARS } from '#core/protocol/version.ts'
import type { ClusterDocument, Stored } from '#core/model/document.ts'
import { ConfigIntent } from '#core/model/operation.ts'
import { askedByName } from '#core/plan/documents.ts'
import { intentFor, intentHash } from '#core/plan/intent.ts'
import { birthHash } from '#core/plan/machines.ts'
import { plan } from '#core/plan/plan.ts'
import {
  aSpecWith,
  EVERY_KUBERNETES_SETTING,
  EVERY_NODE_SETTING,
  EVERY_TALOS_SETTING,
} from '#test/support/cluster-spec.ts'
import { aCluster, aMachineClass, aNetwork, someDocuments } from '#test/support/documents.ts'
import { aMachine, aMember, aView, seenMachine } from '#test/support/view.ts'

const withSpec = (changes: Parameters<typeof aSpecWith>[0]): Stored<ClusterDocument> => ({
  ...aCluster(),
  spec: aSpecWith(changes),
})
const askedWith = (changes: Parameters<typeof aSpecWith>[0], name: string) => {
  const documents = someDocuments({ cluster: withSpec(changes) })
  return { documents, asked: askedByName(documents).get(name)! }
}
const intentWith = (changes: Parameters<typeof aSpecWith>[0], name = 'cp-1') => {
  const { documents, asked } = askedWith(changes, name)
  return intentFor(aMachine(name, { role: asked.role }), asked, documents, '1.13')
}
const birthWith = (changes: Parameters<typeof aSpecWith>[0], name = 'cp-1') => {
  const { documents, asked } = askedWith(changes, name)
  return birthHash(documents, asked)
}
const [patch, other] = [{ machine: { env: { A: 'b' } } }, { machine: { env: { A: 'c' } } }]

describe('the intent of a machine', () => {
  test('of a document without settings has none, and the machine is born as before there were any', () => {
    expect(intentWith({}).settings).toBeUndefined()
    const { bridge, cidr, gateway, nameservers } = aNetwork().spec
    const { talos, kubernetes } = aSpecWith({})
    expect(birthWith({})).toBe(
      hashOf({
        name: 'cp-1',
        role: 'controlplane',
        class: aMachineClass().spec,
        talos,
        kubernetes,
        vip: '192.168.1.50',
        schedulable: true,
        networks: [{ network: 'lan', address: '192.168.1.51', bridge, cidr, gateway, nameservers }],
      } as Json),
    )
  })

  test('carries every setting, and the patches by level, and its schema takes all of it', () => {
    const intent = intentWith({
      talos: { ...EVERY_TALOS_SETTING, patches: [patch] },
      kubernetes: EVERY_KUBERNETES_SETTING,
      controlPlane: { ...EVERY_NODE_SETTING, patches: [other] },
      machinePatches: { 'cp-1': [patch, other], 'cp-2': [other] },
    })
    expect(intent.settings).toEqual({
      talos: EVERY_TALOS_SETTING,
      kubernetes: EVERY_KUBERNETES_SETTING,
      node: EVERY_NODE_SETTING,
      patches: { cluster: [patch], set: [other], machine: [patch, other] },
    })
    expect(ConfigIntent.parse(intent)).toEqual(intent)
  })

  test('of a worker carries the labels, taints and patches of its set, and none of another set or the control planes', () => {
    const changes = {
      controlPlane: { nodeLabels: { a: 'b' }, patches: [patch] },
      workers: {
        general: { class: 'cp-small', count: 1, ...EVERY_NODE_SETTING, patches: [other] },
        plain: { class: 'cp-small', machines: { hal: '192.168.1.70' } },
      },
      machinePatches: { 'home-general-0': [patch] },
    }
    expect(intentWith(changes, 'home-general-0').settings).toEqual({
      node: EVERY_NODE_SETTING,
      patches: { set: [other], machine: [patch] },
    })
    expect(intentWith(changes, 'hal').settings).toBeUndefined()
    const without = { workers: { ...changes.workers, general: { class: 'cp-small', count: 1 } } }
    expect(birthWith(changes, 'home-general-0')).not.toBe(birthWith(without, 'home-general-0'))
    expect(birthWith(changes, 'hal')).toBe(birthWith(without, 'hal'))
  })

  test('with a setting that an agent does not know is not taken in part', () => {
    const intent = { ...intentWith({ talos: { hostDns: false } }), settings: { talos: { later: true } } }
    expect(ConfigIntent.safeParse(intent).success).toBe(false)
  })

  test.each<readonly [string, Parameters<typeof aSpecWith>[0]]>([
    ['a cluster patch', { talos: { patches: [patch] } }],
    ['a patch of the control planes', { controlPlane: { patches: [patch] } }],
    ['a patch of the machine', { machinePatches: { 'cp-1': [patch] } }],
    ['a label', { controlPlane: { nodeLabels: { a: 'b' } } }],
    ['a sysctl', { talos: { sysctls: { a: 'b' } } }],
    ['a pod network', { kubernetes: { podSubnets: ['10.32.0.0/14'] } }],
  ])('has another hash with %s, and the machine is made anew while nothing is bootstrapped', (_, changes) => {
    expect(intentHash(intentWith(changes))).not.toBe(intentHash(intentWith({})))
    expect(birthWith(changes)).not.toBe(birthWith({}))
  })

  test('with all that a document may say still fits into one message to the agent', () => {
    const chars = MAX_SETTINGS_CHARS - JSON.stringify(aSpecWith({})).length
    const cluster = withSpec({ talos: { patches: [{ machine: { env: { A: '"'.repeat(Math.floor(chars / 2)) } } }] } })
    expect(checkPatches(cluster)).toEqual([])
    const on = aMachine('cp-1', { seen: seenMachine('cp-1', { stage: 'maintenance', ready: false }) })
    const [wished] = plan(aView({ cluster, secretsVersion: 1, machines: [on] })).operations
    const offer: OpOffer = {
      type: 'op.offer',
      operationId: `${cluster.uid}-999999999`,
      kind: 'machine.configure',
      clusterUid: cluster.uid,
      clusterFence: 999_999,
      sessionEpoch: 999_999,
      attempt: 9,
      deadlineMs: 900_000,
      input: wished!.input as OpOffer['input'],
    }
    const frame = JSON.stringify(offer)
    expect([frame.length > 40_000, frame.length <= MAX_MESSAGE_CHARS]).toEqual([true, true])
  })

  test("has the same hash with another machine's patch", () => {
    const theirs = { machinePatches: { 'cp-2': [patch] } }
    expect(intentHash(intentWith(theirs))).toBe(intentHash(intentWith({})))
    expect(birthWith(theirs)).toBe(birthWith({}))
  })

  test('that passes the bootstrap becomes a hold, and nothing is touched', () => {
    const born = aMember('cp-1', { birthHash: birthWith({}) })
    const view = aView({
      cluster: withSpec({ machinePatches: { 'cp-1': [patch] } }),
      bootstrap: { machineId: born.machineId, founders: [born.machineId] },
      secretsVersion: 1,
      machines: [born],
    })
    expect(plan(view).operations.map(({ kind }) => kind)).not.toContain('machine.configure')
    expect(plan(view).holds).toContainEqual(expect.objectContaining({ code: 'change-not-supported', subject: 'cp-1' }))
  })
})

test('[P10] a refused patch holds with the reason that the agent gave', () => {
  const on = aMachine('cp-1', { seen: seenMachine('cp-1', { stage: 'maintenance', ready: false }) })
  const view = aView({ secretsVersion: 1, machines: [on] })
  const [wished] = plan(view).operations.filter(({ kind }) => kind === 'machine.configure')
  const failed = {
    ...wished!,
    operationId: `${view.cluster.uid}-1`,
    state: 'failed' as const,
    createdAt: 0,
    finishedAt: 1,
    result: {
      outcome: 'failed' as const,
      problem: {
        code: 'patch-refused' as const,
        retry: 'never' as const,
        facts: { level: 'set', reason: 'patch 1: no' },
      },
    },
  }
  expect(plan({ ...view, operations: [failed] }).holds).toContainEqual(
    expect.objectContaining({
      code: 'needs-human',
      facts: expect.objectContaining({ problem: 'patch-refused', level: 'set', reason: 'patch 1: no' }) as unknown,
    }),
  )
})
