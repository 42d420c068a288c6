import { expect, test } from 'vitest'
import type { Hold } from '#core/model/hold.ts'
import { mayBeDecided, waitsForPerson } from '#core/plan/decidable.ts'
import { anOperation } from '../../support/view.ts'

const failed = anOperation('machine.create', 'm', { state: 'failed' })
const holdFor = (code: Hold['code'], operationId: string): Hold => ({
  code,
  subject: 'cp-1',
  facts: { operationId },
  since: 1,
})

test.each([
  ['no hold', [], undefined, false, false],
  ['a hold that ends by itself', [holdFor('operation-backoff', failed.operationId)], undefined, false, false],
  ['a hold because of another operation', [holdFor('needs-human', 'other-1')], undefined, false, false],
  ['a hold', [holdFor('needs-human', failed.operationId)], undefined, true, true],
  ['an exhausted budget', [holdFor('attempts-exhausted', failed.operationId)], undefined, true, true],
  ['a hold, abandoned', [holdFor('needs-human', failed.operationId)], 'abandon', true, false],
  ['a hold, tried again', [holdFor('needs-human', failed.operationId)], 'retry', false, false],
] as const)('%s: what a person may decide', (_, holds, decision, may, waits) => {
  const operation = { ...failed, decision }
  expect([mayBeDecided(operation, holds), waitsForPerson(operation, holds)]).toEqual([may, waits])
})
