import { expect, test } from 'vitest'
import { checkCluster } from '#agent/operations/cluster-check.ts'
import type { Provider } from '#agent/providers/provider.ts'
import { secretsAtHand } from '#test/support/cluster-secrets.ts'
import { handlerContext } from '#test/support/step-journal.ts'
import { FakeCluster } from '#test/support/talos-cluster.ts'

/** Checking never asks the provider. */
const noProvider = {} as Provider
const machine = { machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001', name: 'home-cp-1', address: '192.168.1.51' }

test('cluster.check goes on asking, names the check that does not hold, and ends when it is cancelled', async () => {
  const cluster = new FakeCluster()
  cluster.add(machine)
  const abort = new AbortController()
  const said: string[] = []
  const context = handlerContext({
    signal: abort.signal,
    progress(step) {
      said.push(step)
      if (said.length === 3) abort.abort()
    },
  })
  const input = {
    clusterUid: '0000000000000000000a',
    secretsVersion: 1,
    vip: '192.168.1.50',
    kubernetesVersion: 'v1.36.3',
    controlPlanes: [machine],
    workers: [],
  }
  const result = await checkCluster(cluster.deps(noProvider, secretsAtHand))(input, context)
  expect(result).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  expect(said).toEqual(Array(3).fill('checking: etcd-healthy'))
  expect(cluster.effects).toEqual([])
})
