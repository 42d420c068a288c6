import { describe, expect, test, vi } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import type { SiteSeenMessage } from '#core/protocol/site-seen.ts'
import { createClock } from '#agent/clock.ts'
import { createLogger } from '#agent/log.ts'
import { powerOf, UNREACHABLE, type TalosSight } from '#agent/observe/assemble.ts'
import { createObserver, type ObserverDeps } from '#agent/observe/observer.ts'
import { startPoll } from '#agent/observe/poll.ts'
import { held } from '../run/handlers-that.ts'
import { CLUSTER, MACHINE } from '../journal/journal-at.ts'
import { anInventory, aWatch, guest } from './a-site.ts'

const fast = createClock(100)

describe('power', () => {
  const machine = { machineId: MACHINE, vmid: 5000 }
  const ours = guest(5000, { uuid: MACHINE })
  test.each([
    ['unknown before the first look', undefined, true, 'unknown'],
    ['on', anInventory({ guests: [ours] }), true, 'on'],
    ['off', anInventory({ guests: [{ ...ours, running: false }] }), true, 'off'],
    ['absent after a fresh look without it', anInventory(), true, 'absent'],
    ['unknown after a stale look without it', anInventory(), false, 'unknown'],
    [
      'unknown while someone of unknown identity has its place',
      anInventory({ guests: [guest(5000)] }),
      true,
      'unknown',
    ],
    ['absent beside containers elsewhere', anInventory({ guests: [guest(100)] }), true, 'absent'],
    [
      'unknown while its host is away',
      anInventory({
        guests: [{ ...ours, running: false }],
        hosts: [{ name: 'pve', online: false, threads: 0, memoryMiB: 0, version: '' }],
      }),
      true,
      'unknown',
    ],
  ] as const)('[P7] a machine is %s', (_what, inventory, inventoryFresh, power) => {
    expect(powerOf(machine, { inventory, inventoryFresh })).toBe(power)
  })
})

describe('poll', () => {
  test('a refresh resolves after a look that began after it, and looks never overlap', async () => {
    const gates = [held<void>(), held<void>()]
    let began = 0
    const poll = startPoll({
      clock: fast,
      everyMs: () => 1_000_000,
      look: async () => {
        const gate = gates[began]
        began += 1
        await gate?.promise
      },
    })
    let refreshed = false
    const refresh = poll.refresh().then(() => {
      refreshed = true
    })
    expect(began).toBe(1)
    gates[0]?.settle()
    await vi.waitFor(() => expect(began).toBe(2))
    expect(refreshed).toBe(false)
    gates[1]?.settle()
    await refresh
    poll.stop()
  })
})

function anObserver(changes: Partial<ObserverDeps> = {}) {
  const state = {
    inventory: anInventory({ guests: [guest(5000, { uuid: MACHINE })] }),
    talos: UNREACHABLE as TalosSight,
  }
  const sent: SiteSeenMessage[] = []
  const troubles: (string | null)[] = []
  let dials = 0
  const observer = createObserver({
    clock: fast,
    log: createLogger('error', 'silent'),
    machines: { find: () => ({ intentHash: 'h', configToken: 't' }) },
    made: { find: () => undefined },
    findDrift: async () => ok([]),
    listEndedWork: async () => ok([]),
    watches: [aWatch()],
    busy: () => true,
    inventory: async () => ok(state.inventory),
    talosEye: () => ({
      look: async () => {
        dials += 1
        return state.talos
      },
      close: () => undefined,
    }),
    nodeEye: () => ({
      look: async () =>
        ok([{ clusterUid: CLUSTER, name: 'cp-1', ready: true, version: 'v1.36.3', address: '192.168.1.51' }]),
      close: async () => undefined,
    }),
    ...changes,
  })
  return {
    observer,
    state,
    sent,
    troubles,
    dials: () => dials,
    connect: () =>
      observer.connected((message) => {
        if (message.type === 'site.seen') sent.push(message)
        else troubles.push(message.text)
      }),
  }
}

const running: TalosSight = { stage: 'running', ready: true, talosVersion: 'v1.13.9', bootId: 'b' }

describe('observer', () => {
  test('joins what hypervisor, Talos, journal and Kubernetes say of a machine', async () => {
    const { observer, state } = anObserver()
    state.talos = running
    await vi.waitFor(() => expect(observer.seen().nodes).toHaveLength(1))
    expect(observer.seen().machines).toEqual([
      { machineId: MACHINE, power: 'on', ...running, intentHash: 'h', configToken: 't' },
    ])
    observer.stop()
  })

  test('[S27] nothing is told before the hypervisor has answered once', async () => {
    const gate = held<void>()
    const { observer, sent, connect } = anObserver({
      inventory: async () => {
        await gate.promise
        return ok(anInventory())
      },
    })
    connect()
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent).toEqual([])
    gate.settle()
    await vi.waitFor(() => expect(sent).toMatchObject([{ full: true, last: true }]))
    observer.stop()
  })

  test('[S27] a hypervisor that cannot be used says why, and what to do, until it can', async () => {
    let answer: Awaited<ReturnType<ObserverDeps['inventory']>> = err(problem('provider-unauthorized'))
    const { observer, troubles, connect } = anObserver({ inventory: async () => answer })
    await vi.waitFor(() => expect(observer.trouble()).toMatch(/token.*Give the agent a valid API token/))
    connect()
    await observer.lookNow([], 0)
    answer = ok(anInventory())
    await observer.lookNow([], 0)
    expect(observer.trouble()).toBeUndefined()
    expect(troubles).toEqual([expect.stringContaining('Give the agent a valid API token'), null])
    observer.stop()
  })

  test('[S27] `lookNow` tells what an operation just did, before its result', async () => {
    const { observer, state, sent, connect } = anObserver()
    await vi.waitFor(() => expect(observer.seen().machines[0]?.power).toBe('on'))
    connect()
    sent.length = 0
    state.talos = running
    await observer.lookNow([MACHINE], 3_000)
    expect(sent.flatMap(({ machines }) => machines?.put ?? [])).toMatchObject([{ stage: 'running' }])
    observer.stop()
  })

  test('a machine in maintenance carries no confirmed configuration', async () => {
    const { observer, state } = anObserver()
    state.talos = { stage: 'maintenance', ready: false }
    await vi.waitFor(() => expect(observer.seen().machines[0]?.stage).toBe('maintenance'))
    expect(observer.seen().machines[0]).not.toHaveProperty('intentHash')
    observer.stop()
  })

  test('a machine that is off is not dialled', async () => {
    const { observer, state, dials } = anObserver({ watches: [] })
    state.inventory = anInventory({ guests: [guest(5000, { uuid: MACHINE, running: false })] })
    await observer.lookNow([], 3_000)
    observer.watch(aWatch())
    await observer.lookNow([MACHINE], 3_000)
    expect(dials()).toBe(0)
    expect(observer.seen().machines).toMatchObject([{ power: 'off', stage: 'unreachable' }])
    observer.stop()
  })

  test('a provider that is away makes nobody absent', async () => {
    let away = false
    const { observer } = anObserver({
      inventory: async () => (away ? err(problem('provider-unreachable')) : ok(anInventory())),
    })
    await vi.waitFor(() => expect(observer.seen().machines[0]?.power).toBe('absent'))
    away = true
    await vi.waitFor(() => expect(observer.seen().machines[0]?.power).toBe('unknown'))
    expect(observer.seen().hosts).toHaveLength(1)
    observer.stop()
  })

  test('an empty watch ends what was watched', async () => {
    const { observer, sent, connect } = anObserver()
    await vi.waitFor(() => expect(observer.seen().machines[0]?.power).toBe('on'))
    connect()
    observer.watch(aWatch({ machines: [] }))
    expect(observer.seen().machines).toEqual([])
    await observer.lookNow([], 3_000)
    expect(sent.at(-1)?.machines?.gone).toEqual([MACHINE])
    observer.stop()
  })
})
