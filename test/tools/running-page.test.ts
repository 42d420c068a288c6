import { expect, test } from 'vitest'
import { z } from 'zod'
import { withHolds } from '#tools/build-holds.ts'
import { AgentConfig } from '#agent/config/agent-config.ts'
import { parse } from 'yaml'
import { readText, sectionOf, sourcesIn, tableRows } from '#test/support/repository.ts'

/** docs/running.md says what the programs read and what they say. */
const page = readText('docs/running.md')

test('the table of holds is what the code says; if not: node tools/build-holds.ts', () => {
  expect(withHolds(page)).toBe(page)
})

test('every field of the configuration is described, and no other', () => {
  const described = tableRows(sectionOf(page, '4. The agent'))
    .map(([cell = '']) => cell.replaceAll('`', ''))
    .filter((cell) => /^[a-z]+[A-Za-z.]*$/.test(cell))
  expect(described.toSorted()).toEqual(fieldsOf(AgentConfig).toSorted())
})

test('every variable that agent and command line read is described', () => {
  const read = sourcesIn('agent', 'cli').flatMap((path) =>
    [...readText(path).matchAll(/env\['(LANLINE_\w+)'\]/g)].map(([, name = '']) => name),
  )
  expect(read.length).toBeGreaterThan(5)
  expect(read.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

test('the configuration of the page is one the agent takes', () => {
  const [, text = ''] = /```yaml\n# \/etc\/lanline\/agent\.yaml\n([\s\S]*?)```/.exec(page) ?? []
  expect(AgentConfig.safeParse(parse(text))).toMatchObject({ success: true })
})

/** Dotted names of what a strict object takes. */
function fieldsOf(schema: z.ZodType, prefix = ''): readonly string[] {
  const inner = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? schema.unwrap() : schema
  if (!(inner instanceof z.ZodObject)) return [prefix]
  return Object.entries(inner.shape as Readonly<Record<string, z.ZodType>>).flatMap(([name, field]) =>
    fieldsOf(field, prefix === '' ? name : `${prefix}.${name}`),
  )
}
