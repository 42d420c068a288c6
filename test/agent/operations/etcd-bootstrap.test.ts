import { describe, expect, test } from 'vitest'
import { bootstrapEtcd } from '#agent/operations/etcd-bootstrap.ts'
import type { Provider } from '#agent/providers/provider.ts'
import { secretsAtHand } from '#test/support/cluster-secrets.ts'
import { crashAfterEachEffect } from '#test/support/crash-after-each-effect.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { FakeCluster } from '#test/support/talos-cluster.ts'

/** Bootstrapping never asks the provider. */
const noProvider = {} as Provider
const machines = [1, 2, 3].map((number) => ({
  machineId: `6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f000${number}`,
  name: `home-cp-${number}`,
  address: `192.168.1.5${number}`,
}))
const [first, ...peers] = machines
const input = { ...first!, clusterUid: '0000000000000000000a', secretsVersion: 1, peers }

function prepared() {
  const cluster = new FakeCluster()
  for (const machine of machines) cluster.add({ ...machine, etcd: 'Preparing' })
  return { cluster, deps: cluster.deps(noProvider, secretsAtHand) }
}

describe('etcd.bootstrap', () => {
  test('[P3] starts etcd on the node given and on no other', async () => {
    const { cluster, deps } = prepared()
    const result = await bootstrapEtcd(deps)(input, handlerContext())
    expect(result).toEqual({ ok: true, value: { memberId: '0000000000000001' } })
    expect(cluster.effects).toEqual(['bootstrap home-cp-1'])
  })

  test('[P3] a peer that has members means it was done', async () => {
    const { cluster, deps } = prepared()
    cluster.join(cluster.machines[1]!)
    expect(await bootstrapEtcd(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(cluster.effects).toEqual([])
  })

  test('[P3] a lost answer is looked at on the same node', async () => {
    const { cluster, deps } = prepared()
    cluster.loseAnswers('bootstrap', true)
    expect(await bootstrapEtcd(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(cluster.effects).toEqual(['bootstrap home-cp-1'])
  })

  test('[P3] a call that never arrived is made again, on the same node', async () => {
    const { cluster, deps } = prepared()
    cluster.loseAnswers('bootstrap', false)
    expect(await bootstrapEtcd(deps)(input, handlerContext())).toMatchObject({ ok: true })
    expect(cluster.effects).toEqual(['bootstrap home-cp-1'])
  })

  test('somebody else at the address is not bootstrapped', async () => {
    const { cluster, deps } = prepared()
    const wrong = { ...input, machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f00ff' }
    const result = await bootstrapEtcd(deps)(wrong, handlerContext())
    expect(result).toMatchObject({ ok: false, error: { code: 'node-foreign' } })
    expect(cluster.effects).toEqual([])
  })

  test('[P3] killed after every effect it bootstraps once', async () => {
    const report = await crashAfterEachEffect(bootstrapEtcd, () => {
      const { cluster, deps } = prepared()
      return Promise.resolve({
        deps,
        input,
        check(result) {
          expect(result).toEqual({ ok: true, value: { memberId: '0000000000000001' } })
          expect(cluster.effects).toEqual(['bootstrap home-cp-1'])
        },
        close: () => Promise.resolve(),
      })
    })
    expect(report.effects).toContain('bootstrap')
  })
})
