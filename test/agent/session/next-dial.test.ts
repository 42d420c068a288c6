import { describe, expect, test } from 'vitest'
import { CLOSE_CODES } from '#core/protocol/version.ts'
import { nextDial } from '#agent/session/next-dial.ts'

const cut = { how: 'closed', code: 1006, reason: '' } as const
const msOf = (...args: Parameters<typeof nextDial>): number => {
  const next = nextDial(...args)
  return next.wait === 'ms' ? next.ms : Number.NaN
}

describe('nextDial', () => {
  test('[S22] three fast tries around 200 ms, then anything from 1 s to a ceiling that grows to 30 s', () => {
    const table = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((count) => [msOf(cut, count, 0), msOf(cut, count, 1)])
    expect(table).toEqual([
      [100, 300],
      [100, 300],
      [100, 300],
      [1000, 2000],
      [1000, 4000],
      [1000, 8000],
      [1000, 16000],
      [1000, 30000],
      [1000, 30000],
      [1000, 30000],
    ])
  })

  test('[S22] it waits at least as long as the cloud asks', () => {
    const reject = { type: 'reject', code: 'slow-down', text: '', retryAfterMs: 90_000 } as const
    expect(msOf({ how: 'rejected', reject }, 1, 0)).toBe(90_000)
    expect(msOf({ how: 'not-opened', failure: { text: '', status: 429, retryAfterMs: 7_000 } }, 1, 0)).toBe(7_000)
  })

  test.each([
    ['revoked', { how: 'closed', code: CLOSE_CODES.revoked, reason: '' }],
    ['wrong-site', { how: 'rejected', reject: { type: 'reject', code: 'wrong-site', text: 'x' } }],
    ['cloned', { how: 'rejected', reject: { type: 'reject', code: 'cloned', text: 'x' } }],
    ['rolled-back', { how: 'rejected', reject: { type: 'reject', code: 'rolled-back', text: 'x' } }],
  ] as const)('[S22] %s waits for a person', (_what, ending) => {
    expect(nextDial(ending, 1, 0.5)).toMatchObject({ wait: 'person' })
  })

  test('[S22] an old agent, a refused login and a clone come back, but slowly', () => {
    expect(msOf({ how: 'closed', code: CLOSE_CODES.upgradeRequired, reason: '' }, 1, 0)).toBe(600_000)
    expect(msOf({ how: 'not-opened', failure: { text: '', status: 401 } }, 1, 0)).toBe(300_000)
    expect(msOf({ how: 'closed', code: CLOSE_CODES.superseded, reason: '' }, 1, 0)).toBe(30_000)
  })

  test('[R4] a pending agent asks every few seconds for a minute, then ever more slowly, up to minutes', () => {
    const pending = { how: 'not-opened', failure: { text: '', status: 403, code: 'agent-pending' } } as const
    const waits = [1, 12, 13, 20, 40, 4_000].map((count) => msOf(pending, count, 0))
    expect(waits).toEqual([5_000, 5_000, 7_500, 128_145, 300_000, 300_000])
  })

  test('[S22] a skewed clock is tried again at once, because the answer corrected it', () => {
    expect(msOf({ how: 'not-opened', failure: { text: '', status: 401, serverTimeMs: 1 } }, 1, 0)).toBe(100)
  })
})
