import { expect, test } from 'vitest'
import { CONNECT_PATH, ENROLL_PATH } from '#core/protocol/enroll.ts'
import { Down } from '#core/protocol/down.ts'
import { Reject } from '#core/protocol/reject.ts'
import { Up } from '#core/protocol/up.ts'
import { CLOSE_CODES, SUBPROTOCOL } from '#core/protocol/version.ts'
import { readText, sectionOf, tableRows } from '#test/support/repository.ts'

/** docs/protocol.md describes the wire as it is. */
const page = readText('docs/protocol.md')
const firstCells = (heading: string): readonly string[] =>
  tableRows(sectionOf(page, heading))
    .slice(1)
    .map(([cell = '']) => cell.replaceAll('`', ''))
const typesOf = (union: typeof Up | typeof Down): readonly string[] =>
  union.options.map((message) => message.shape.type.value)

test.each([
  ['Up: agent to cloud', Up],
  ['Down: cloud to agent', Down],
] as const)('"%s" describes every message and no other', (heading, union) => {
  expect(firstCells(heading).toSorted()).toEqual(typesOf(union).toSorted())
})

test('every close code and every reason to reject is described', () => {
  const codes = tableRows(sectionOf(page, 'Endings')).map(([code, name]) => `${code} ${name}`)
  expect(codes).toEqual(expect.arrayContaining(Object.entries(CLOSE_CODES).map(([name, code]) => `${code} ${name}`)))
  for (const code of Reject.shape.code.options) expect(sectionOf(page, 'Down: cloud to agent')).toContain(`\`${code}\``)
})

test('the door is where the page says', () => {
  for (const text of [CONNECT_PATH, ENROLL_PATH, SUBPROTOCOL]) expect(sectionOf(page, 'The door')).toContain(text)
})
