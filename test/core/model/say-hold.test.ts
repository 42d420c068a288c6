import { expect, test } from 'vitest'
import { sayFacts, sayHold } from '#core/model/say-hold.ts'

test('advice names the site and the operation that the hold knows, so that it can be pasted', () => {
  expect(sayHold({ code: 'agent-offline', facts: { site: 'home', lastSeenAt: null } })).toEqual({
    says: 'The agent of the site is not connected (site: home).',
    unblock: 'Start the agent, or enrol one: lanline agent enroll home.',
  })
})

test('a moment is a date, a list is its members, and what is unknown is left out', () => {
  expect(sayFacts({ lastSeenAt: 0, until: 1_000, hosts: ['a', 'b'], cause: null, attempt: 3 })).toBe(
    'lastSeenAt: 1970-01-01T00:00:00.000Z; until: 1970-01-01T00:00:01.000Z; hosts: a, b; attempt: 3',
  )
})
