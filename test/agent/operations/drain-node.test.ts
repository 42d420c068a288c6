import { beforeEach, describe, expect, test } from 'vitest'
import { drainNode, uncordonNode } from '#agent/operations/drain-node.ts'
import type { HandlerContext } from '#agent/operations/handler.ts'
import { removeMachine } from '#agent/operations/machine-remove.ts'
import { secretsAtHand } from '#test/support/cluster-secrets.ts'
import { FakeKubernetes } from '#test/support/fake-kubernetes.ts'
import { aRemoval } from '#test/support/proxmox-site.ts'
import { fastClock, handlerContext } from '#test/support/step-journal.ts'
import { FakeCluster } from '#test/support/talos-cluster.ts'
import type { Provider } from '#agent/providers/provider.ts'

/** Waits are counted instead of waited: what is asked is how long, not that time passes. */
const NODE = 'home-w-0'
const peers = [{ machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0002', name: 'home-cp-1', address: '192.168.1.51' }]
const order = (drain = { timeoutS: 60, force: false }) =>
  aRemoval({ name: NODE, role: 'worker', peers, secretsVersion: 1, drain })

let kubernetes: FakeKubernetes
let sleptMs: number
beforeEach(() => {
  kubernetes = new FakeKubernetes()
  kubernetes.addNode(NODE)
  sleptMs = 0
})

function aContext(differs: Partial<HandlerContext> = {}, onSleep: () => void = () => undefined): HandlerContext {
  const clock = {
    ...fastClock,
    sleep: (ms: number) => {
      sleptMs += ms
      onSleep()
      return Promise.resolve()
    },
  }
  return handlerContext({ clock, ...differs })
}
const drain = (context = aContext(), input = order()) => drainNode(kubernetes.client(), input, context)

describe('draining a node', () => {
  test('[O30] cordons first, then evicts what can run elsewhere, and waits until it is gone', async () => {
    kubernetes.addPod(NODE, 'web-1', { lingers: 3 })
    kubernetes.addPod(NODE, 'lonely', { controller: undefined, hasEmptyDir: true })
    kubernetes.addPod('home-w-1', 'elsewhere')
    const words: string[] = []
    expect(await drain(aContext({ progress: (word) => words.push(word) }))).toEqual({ ok: true, value: [] })
    expect(kubernetes.effects).toEqual([`cordon ${NODE}`, 'evict web-1', 'evict lonely'])
    expect(kubernetes.podNames()).toEqual(['elsewhere'])
    expect(words).toContain('evicting 2 pods, 1 unmanaged, 1 with emptyDir')
  })

  test('[O30] pods of a DaemonSet, mirror pods and finished ones are left alone', async () => {
    kubernetes.addPod(NODE, 'flannel', { controller: 'DaemonSet' })
    kubernetes.addPod(NODE, 'kube-apiserver', { controller: 'Node', isMirror: true })
    kubernetes.addPod(NODE, 'job-1', { phase: 'Succeeded' })
    expect(await drain()).toEqual({ ok: true, value: [] })
    expect(kubernetes.effects).toEqual([`cordon ${NODE}`])
  })

  test.each([
    { said: 20, waitsMs: 20_000 },
    { said: undefined, waitsMs: 6_000 },
  ])('[O30] a refused pod is asked again after the time the API names, $said s', async ({ said, waitsMs }) => {
    kubernetes.retryAfterS = said
    kubernetes.addPod(NODE, 'web-1', { refusals: 1 })
    expect(await drain()).toEqual({ ok: true, value: [] })
    expect(kubernetes.effects.filter((effect) => effect === 'evict web-1')).toHaveLength(2)
    expect(sleptMs).toBe(waitsMs + 2_000)
  })

  test('[O30] a budget that does not give way is named, and the removal waits for a person', async () => {
    kubernetes.addPod(NODE, 'web-1', { refusals: Infinity })
    expect(await drain()).toMatchObject({
      ok: false,
      error: {
        code: 'drain-blocked',
        retry: 'later',
        facts: { node: NODE, podCount: 1, timeoutS: 60, reason: 'shop/web-1: The disruption budget web-1 needs 1' },
      },
    })
    expect(sleptMs).toBeLessThanOrEqual(60_000)
  })

  test('[O30] with force it goes on after the time given, and tells who stayed', async () => {
    kubernetes.addPod(NODE, 'web-1', { refusals: Infinity })
    expect(await drain(aContext(), order({ timeoutS: 30, force: true }))).toEqual({
      ok: true,
      value: [expect.stringContaining('1 did not leave in 30 s, shop/web-1: The disruption budget web-1 needs 1')],
    })
    expect(sleptMs).toBeLessThanOrEqual(30_000)
  })

  test('[P11] a node that does not answer is given up after a minute, whatever its pods do', async () => {
    kubernetes.addNode(NODE, { ready: false })
    kubernetes.addPod(NODE, 'web-1', { lingers: Infinity })
    expect(await drain(aContext(), order({ timeoutS: 600, force: false }))).toEqual({ ok: true, value: [] })
    expect(sleptMs).toBeLessThanOrEqual(62_000)
  })

  test('[P11] an API that does not answer costs two minutes, and is told', async () => {
    kubernetes.isUp = false
    expect(await drain()).toEqual({ ok: true, value: [expect.stringContaining('it was not drained')] })
    expect(sleptMs).toBeLessThanOrEqual(120_000)
  })

  test('a node that never joined has nothing to leave', async () => {
    expect(await drain(aContext(), { ...order(), name: 'home-w-7' })).toEqual({ ok: true, value: [] })
    expect(kubernetes.effects).toEqual([])
  })

  test.each(['cordon', 'evict'] as const)(
    'an answer to %s that was lost is looked for, not believed',
    async (effect) => {
      for (const worked of [true, false]) {
        kubernetes = new FakeKubernetes()
        kubernetes.addNode(NODE)
        kubernetes.addPod(NODE, 'web-1')
        kubernetes.loseAnswer(effect, worked)
        expect(await drain()).toEqual({ ok: true, value: [] })
        expect(kubernetes.node(NODE)?.schedulable).toBe(false)
        expect(kubernetes.podNames()).toEqual([])
      }
    },
  )
})

describe('a removal that does not go on', () => {
  const deps = () => {
    const cluster = new FakeCluster()
    const provider = new Proxy({} as Provider, {
      get: (_, name) => {
        throw new Error(`the host was asked: ${String(name)}`)
      },
    })
    return { ...cluster.deps(provider, secretsAtHand), kubernetes: { connect: () => kubernetes.client() } }
  }

  test.each([
    { reason: 'cancelled', schedulable: true },
    { reason: 'deadline', schedulable: true },
    { reason: 'stopping', schedulable: false },
  ])('[O30] $reason: the node is schedulable again: $schedulable', async ({ reason, schedulable }) => {
    kubernetes.addPod(NODE, 'web-1', { refusals: Infinity })
    const abort = new AbortController()
    const context = aContext({ signal: abort.signal }, () => abort.abort(reason))
    expect(await removeMachine(deps())(order(), context)).toMatchObject({ ok: false, error: { code: 'cancelled' } })
    expect(kubernetes.node(NODE)?.schedulable).toBe(schedulable)
  })

  test('[O30] blocked by a budget it gives the node back, and drains it anew with the next try', async () => {
    kubernetes.addPod(NODE, 'web-1', { refusals: Infinity })
    expect(await removeMachine(deps())(order(), aContext())).toMatchObject({ error: { code: 'drain-blocked' } })
    expect(kubernetes.node(NODE)?.schedulable).toBe(true)
    expect(kubernetes.effects.at(-1)).toBe(`uncordon ${NODE}`)
  })

  test('[O30] a node that a person cordoned stays cordoned', async () => {
    kubernetes.addNode(NODE, { schedulable: false })
    expect(await drain()).toEqual({ ok: true, value: [] })
    await uncordonNode(kubernetes.client(), order(), aContext())
    expect(kubernetes.node(NODE)?.schedulable).toBe(false)
  })
})
