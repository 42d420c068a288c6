import { describe, expect, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { waitFor } from '#agent/operations/waiting.ts'
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
