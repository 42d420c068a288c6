import { describe, expect, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import type { Provider } from '#agent/providers/provider.ts'
import { runTaskStep, waitFor, waitForTask } from '#agent/operations/waiting.ts'
import { handlerContext } from '#test/support/step-journal.ts'

const patience = { what: 'the thing', limitMs: 1_000, everyMs: 100 }

describe('waitFor', () => {
  test('looks until there is something, through what passes by itself', async () => {
    const answers = [ok(undefined), err(problem('node-unreachable')), ok('there')]
    expect(await waitFor(handlerContext(), patience, () => Promise.resolve(answers.shift()!))).toEqual(ok('there'))
  })

  test('has a limit, and then says what it waited for and what it last saw', async () => {
    const cause = problem('provider-busy', { lock: 'backup' })
    const result = await waitFor(handlerContext(), patience, () => Promise.resolve(err(cause)))
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'deadline-passed', facts: { waitingFor: 'the thing' }, cause },
    })
  })

  test.each(['not-ours', 'task-failed', 'permission-missing', 'outcome-unknown'] as const)(
    'does not wait out %s',
    async (code) => {
      let looks = 0
      await waitFor(handlerContext(), patience, () => {
        looks++
        return Promise.resolve(err(problem(code)))
      })
      expect(looks).toBe(1)
    },
  )

  test('ends in the middle of a wait when the operation is cancelled', async () => {
    const abort = new AbortController()
    const endless = { ...patience, limitMs: 1e9, everyMs: 1e8 }
    const waited = waitFor(handlerContext({ signal: abort.signal }), endless, () => Promise.resolve(ok(undefined)))
    abort.abort()
    expect(await waited).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  })
})

describe('waitForTask', () => {
  /** Tasks that end at those times of a clock which only sleeping moves, one after the other; of the last one. */
  async function lateness(...tasks: readonly number[]): Promise<{ lateMs: number; polls: number }> {
    let [now, endsAtMs, polls] = [0, 0, 0]
    const clock = { now: () => 0, sleep: (ms: number) => Promise.resolve(void (now += ms)) }
    const provider = {
      pollTask: () => {
        polls++
        return Promise.resolve(ok({ state: now >= endsAtMs ? ('done' as const) : ('running' as const) }))
      },
    } satisfies Partial<Provider> as unknown as Provider
    const limits = { what: 'the task', limitMs: 60 * 60_000, ...(tells > 0 ? { onPoll } : {}) }
    for (const task of tasks) {
      ;[now, endsAtMs, polls] = [0, task, 0]
      expect(await waitForTask(handlerContext({ clock }), provider, 'UPID:x', limits)).toEqual(ok(undefined))
    }
    return { lateMs: now - endsAtMs, polls }

    function onPoll(): Promise<number> {
      return Promise.resolve(Math.floor(((now / endsAtMs) * 100) / tells) * tells)
    }
  }
  /** Percents are told in steps of so many; 0: not at all. */
  let tells = 0

  test.each([100, 1_100, 3_000, 11_000, 120_000])('sees the end of a task of %i ms soon after it', async (endsAtMs) => {
    const { lateMs, polls } = await lateness(endsAtMs)
    expect(lateMs).toBeLessThanOrEqual(Math.min(2_000, 250 + endsAtMs / 4))
    expect(polls).toBeLessThanOrEqual(12 + endsAtMs / 2_000)
  })

  test.each([100, 1_100, 3_000, 11_000, 120_000])(
    'sees the end of a second task of %i ms at once, and looks at it no more often',
    async (endsAtMs) => {
      const { lateMs, polls } = await lateness(endsAtMs, endsAtMs)
      expect(lateMs).toBeLessThanOrEqual(Math.max(50, endsAtMs * 0.06))
      expect(polls).toBeLessThanOrEqual(8 + endsAtMs / 2_000)
    },
  )

  test.each([
    { before: 1_000, endsAtMs: 60_000 },
    { before: 60_000, endsAtMs: 1_000 },
  ])(
    'a task of $endsAtMs ms after one of $before ms is neither hammered nor forgotten',
    async ({ before, endsAtMs }) => {
      const { lateMs, polls } = await lateness(before, endsAtMs)
      expect(lateMs).toBeLessThanOrEqual(2_000)
      expect(polls).toBeLessThanOrEqual(24 + endsAtMs / 2_000)
    },
  )

  test('work that tells how far it has come is looked at when it is about to end', async () => {
    for (const coarseness of [1, 10, 30]) {
      tells = coarseness
      expect((await lateness(11_000)).lateMs).toBeLessThanOrEqual(700)
    }
    tells = 0
  })
})

describe('runTaskStep', () => {
  const step = { name: 'stop', stepClass: 'idempotent', limitMs: 1_000 } as const
  const failed = (code: 'provider-busy' | 'outcome-unknown' | 'task-failed') =>
    ok({ state: 'failed', problem: problem(code) } as const)
  const done = ok({ state: 'done' } as const)
  async function run(
    ends: readonly (ReturnType<typeof failed> | typeof done)[],
    starts: readonly (string | undefined)[],
  ) {
    const [left, begun] = [[...ends], [] as (string | undefined)[]]
    const provider = { pollTask: () => Promise.resolve(left.shift()!) } as unknown as Provider
    const result = await runTaskStep(handlerContext(), provider, step, () => {
      begun.push(starts[begun.length])
      return Promise.resolve(ok(begun.at(-1)))
    })
    return { result, begun: begun.length }
  }

  test('[pitfall 24] work that met a lock did nothing, and is begun again', async () => {
    expect(await run([failed('provider-busy'), done], ['a', 'b'])).toEqual({ result: ok(undefined), begun: 2 })
  })

  test('[O20] work of which nobody knows the end is looked at, and not begun again when it was done', async () => {
    expect(await run([failed('outcome-unknown')], ['a', undefined])).toEqual({ result: ok(undefined), begun: 2 })
  })

  test('work that failed for a reason of its own has failed', async () => {
    expect(await run([failed('task-failed')], ['a'])).toMatchObject({
      result: { error: { code: 'task-failed' } },
      begun: 1,
    })
  })
})
