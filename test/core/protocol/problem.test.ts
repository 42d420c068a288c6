import { expect, test } from 'vitest'
import { OpResult } from '#core/protocol/op-result.ts'
import { problem } from '#core/model/problem.ts'

const failedWith = (code: string) => ({
  type: 'op.result',
  operationId: '1m7we9k6rde5xex77wdj-1',
  attempt: 1,
  result: { outcome: 'failed', problem: { ...problem('task-failed', { exit: 'x' }), code } },
})

test('[S10] an outcome with a code that only a newer peer knows is still an outcome', () => {
  expect(OpResult.parse(failedWith('from-the-future')).result).toMatchObject({
    outcome: 'failed',
    problem: { code: 'internal', facts: { exit: 'x' }, retry: 'later' },
  })
  expect(OpResult.parse(failedWith('task-failed')).result).toMatchObject({ problem: { code: 'task-failed' } })
})
