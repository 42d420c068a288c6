import { describe, expect, test } from 'vitest'
import type { Operation, OperationState } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import { applyNews } from '#durable-objects/cluster/apply-news.ts'
import type { OperationNews } from '#durable-objects/ports.ts'

const anOperation = (changes: Partial<Operation> = {}): Operation => ({
  operationId: '0c000000000000000001-1',
  kind: 'machine.start',
  subject: 'm',
  key: 'k',
  input: { machineId: 'm', name: 'cp-1', host: 'pve-1', vmid: 5000 },
  state: 'queued',
  attempt: 1,
  createdAt: 1,
  ...changes,
})

const about = { operationId: '0c000000000000000001-1', attempt: 1, at: 10 }
const finished: OperationNews = { type: 'finished', ...about, result: { outcome: 'succeeded', output: {} } }

describe('applyNews', () => {
  test.each<{ from: OperationState; news: OperationNews; to: Partial<Operation> | undefined }>([
    { from: 'queued', news: { type: 'offered', ...about }, to: { state: 'offered' } },
    { from: 'running', news: { type: 'offered', ...about }, to: undefined },
    { from: 'queued', news: { type: 'accepted', ...about }, to: { state: 'running', startedAt: 10 } },
    { from: 'running', news: { type: 'accepted', ...about }, to: undefined },
    { from: 'running', news: { type: 'returned', ...about }, to: { state: 'queued' } },
    { from: 'queued', news: { type: 'returned', ...about }, to: undefined },
    { from: 'running', news: { type: 'unreported', ...about }, to: { state: 'running', unreported: true } },
    { from: 'queued', news: { type: 'unreported', ...about }, to: undefined },
    { from: 'queued', news: finished, to: { state: 'succeeded', finishedAt: 10, result: finished.result } },
    { from: 'running', news: { type: 'progress', ...about, step: 'import' }, to: undefined },
  ])('[C4] $from and $news.type', ({ from, news, to }) => {
    expect(applyNews(anOperation({ state: from }), news)).toEqual(to && { ...anOperation(), ...to })
  })

  test('[C4] a finished operation is final', () => {
    const done = anOperation({ state: 'succeeded', finishedAt: 5, result: { outcome: 'succeeded', output: {} } })
    const failed: OperationNews = {
      type: 'finished',
      ...about,
      result: { outcome: 'failed', problem: problem('outcome-unknown') },
    }
    for (const news of [failed, finished, { type: 'accepted', ...about }, { type: 'returned', ...about }] as const)
      expect(applyNews(done, news)).toBeUndefined()
  })

  test('[C4] news of another attempt changes nothing', () => {
    expect(applyNews(anOperation({ attempt: 2 }), finished)).toBeUndefined()
  })

  test('an operation that comes back into sight is running as before', () => {
    const away = anOperation({ state: 'running', startedAt: 3, unreported: true })
    expect(applyNews(away, { type: 'accepted', ...about })).toEqual(anOperation({ state: 'running', startedAt: 3 }))
  })
})
