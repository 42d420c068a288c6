import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect, test } from 'vitest'
import * as schema from '#db/schema.ts'
import { CLUSTER_MIGRATIONS } from '#durable-objects/cluster/schema.ts'
import { SITE_MIGRATIONS } from '#durable-objects/site/schema.ts'
import { MIGRATIONS } from '#agent/journal/migrations.ts'
import { AGE_KEY_FILE, IDENTITY_KEY_FILE } from '#agent/identity/identity.ts'
import { TRUST_FILE } from '#agent/access/pinned-issuers.ts'
import { ENROLMENT_FILE } from '#agent/identity/enrolment.ts'
import { readText, sectionOf, sourcesIn, tableRows } from '#test/support/repository.ts'

/** docs/storage.md lists every record there is. */
const page = readText('docs/storage.md')
const firstCells = (heading: string): readonly string[] =>
  tableRows(sectionOf(page, heading))
    .slice(1)
    .map(([cell = '']) => cell.replaceAll('`', ''))

const tablesIn = (...statements: readonly string[]): readonly string[] =>
  statements.flatMap((sql) => [...sql.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name))
/** Made by the code that applies the others. */
const OWN = 'migrations'

test.each([
  ['D1', Object.values(schema).flatMap((table) => (is(table, SQLiteTable) ? [getTableName(table)] : []))],
  ['Cluster object', [...tablesIn(...CLUSTER_MIGRATIONS), OWN]],
  ['Site object', [...tablesIn(...SITE_MIGRATIONS), OWN]],
  ["The agent's journal", [...tablesIn(...MIGRATIONS.map(({ sql }) => sql)), OWN]],
])('every table of "%s" is listed, and no other', (heading, tables) => {
  expect(tables.length).toBeGreaterThan(1)
  expect(firstCells(heading).toSorted()).toEqual([...tables].toSorted())
})

test.each([
  ['Cluster object', 'durable-objects/cluster'],
  ['Site object', 'durable-objects/site'],
])('every single value that "%s" remembers is listed', (heading, folder) => {
  const keys = sourcesIn(folder).flatMap((path) =>
    [...readText(path).matchAll(/#meta\.(?:get|set|remove)(?:<\w+>)?\('([a-z-]+)'/g)].map(([, key = '']) => key),
  )
  expect(keys.length).toBeGreaterThan(1)
  for (const key of keys) expect(sectionOf(page, heading)).toContain(`\`${key}\``)
})

test('the private files of the agent are listed', () => {
  expect(firstCells("The agent's files")).toEqual(
    expect.arrayContaining([IDENTITY_KEY_FILE, AGE_KEY_FILE, ENROLMENT_FILE, TRUST_FILE]),
  )
})
