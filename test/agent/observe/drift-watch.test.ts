import { describe, expect, test, vi } from 'vitest'
import type { Clock } from '#core/base/clock.ts'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { MAX_DRIFT } from '#core/model/seen.ts'
import { createLogger } from '#agent/log.ts'
import { createDriftWatch, type DriftWatchDeps } from '#agent/observe/drift-watch.ts'
import type { Drift, EndedWork } from '#agent/providers/provider.ts'
import { aResize } from '#test/support/resizing.ts'

const MEMORY: Drift = { attribute: 'memory-mib', driftClass: 'pending', wanted: '8192', is: '4096', waits: false }
const made = aResize()
const { machineId } = made

/** A clock that stands still until the test says that the slow one strikes. */
function aWatch(changes: Partial<DriftWatchDeps> = {}) {
  let strike = (): void => undefined
  const sleeps: number[] = []
  const clock: Clock = {
    now: () => 0,
    sleep: (ms) =>
      new Promise((resolve) => {
        sleeps.push(ms)
        strike = resolve
      }),
  }
  const state = { drift: [] as readonly Drift[], ended: [] as readonly EndedWork[], looks: 0, changes: 0 }
  const watch = createDriftWatch({
    clock,
    log: createLogger('error', 'silent'),
    made: { find: (id) => (id === machineId ? made : undefined) },
    machines: () => [
      { machineId, vmid: 2001 },
      { machineId: 'not-made-here', vmid: 2002 },
    ],
    findDrift: async () => {
      state.looks += 1
      return ok(state.drift)
    },
    listEndedWork: async () => ok(state.ended),
    onChange: () => (state.changes += 1),
    ...changes,
  })
  return { watch, state, sleeps, strike: () => strike() }
}
const looked = (state: { readonly looks: number }, times: number) => vi.waitFor(() => expect(state.looks).toBe(times))
const told = (attribute: string, more: object = {}) => [expect.objectContaining({ attribute, ...more })]

describe('drift watch', () => {
  test('[P21] tells as what a machine was made, and nothing of one that this agent did not make', () => {
    const { watch } = aWatch()
    expect(watch.seen(machineId)).toEqual({ shape: expect.objectContaining({ cpu: 4, memoryMiB: 8192 }) })
    expect(watch.seen('not-made-here')).toEqual({})
  })

  test('[P21] looks at every machine on a slow clock, and tells only what changed', async () => {
    const { watch, state, strike, sleeps } = aWatch()
    expect(state.looks).toBe(0)
    watch.noteWork()
    await looked(state, 1)
    expect([state.changes, watch.seen(machineId).drift]).toEqual([0, undefined])
    state.drift = [MEMORY]
    for (const times of [2, 3]) {
      await vi.waitFor(() => expect(sleeps).toHaveLength(times - 1))
      strike()
      await looked(state, times)
    }
    await vi.waitFor(() =>
      expect(watch.seen(machineId).drift).toEqual(told('memory-mib', { class: 'pending', seen: '4096' })),
    )
    expect([state.changes, sleeps[0]]).toEqual([1, 5 * 60_000])
    watch.stop()
  })

  test('[P21] looks at once where work has ended, whoever began it, and once for each', async () => {
    const { watch, state } = aWatch()
    state.ended = [{ handle: 'UPID:old', vmid: 2001 }]
    watch.noteWork()
    await looked(state, 1)
    state.drift = [MEMORY]
    state.ended = [...state.ended, { handle: 'UPID:new', vmid: 2001 }, { handle: 'UPID:other', vmid: 100 }]
    for (const _ of [1, 2, 3]) {
      watch.noteWork()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await looked(state, 2)
    expect(watch.seen(machineId).drift).toEqual(told('memory-mib'))
    watch.stop()
  })

  test('what was seen last stands while a host does not answer; mended, it is gone', async () => {
    let answer: Awaited<ReturnType<DriftWatchDeps['findDrift']>> = ok([MEMORY])
    const { watch, state } = aWatch({ findDrift: async () => answer })
    const machines = new Set([machineId])
    await watch.lookAt(machines)
    answer = err(problem('provider-unreachable'))
    await watch.lookAt(machines)
    expect(watch.seen(machineId).drift).toHaveLength(1)
    answer = ok([])
    await watch.lookAt(machines)
    expect([watch.seen(machineId).drift, state.changes]).toEqual([undefined, 2])
  })

  test('a guest that was rebuilt is told in a bounded list of bounded words', async () => {
    const { watch, state } = aWatch()
    state.drift = Array.from({ length: 40 }, () => ({ ...MEMORY, is: 'x'.repeat(1_000), byHand: true }))
    await watch.lookAt(new Set([machineId]))
    expect(watch.seen(machineId).drift).toHaveLength(MAX_DRIFT)
    expect(watch.seen(machineId).drift?.[0]).toMatchObject({ byHand: true, seen: 'x'.repeat(128) })
  })

  test('nothing is looked up after the end', async () => {
    const { watch, state } = aWatch()
    watch.stop()
    await watch.lookAt(new Set([machineId]))
    expect(state.looks).toBe(0)
  })
})
