import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { CLUSTER_MIGRATIONS } from '#durable-objects/cluster/schema.ts'
import { migrate } from '#durable-objects/migrate.ts'
import { SITE_MIGRATIONS } from '#durable-objects/site/schema.ts'
import { Sql } from '#durable-objects/sql.ts'
import { newUid, siteStub } from './support/relay-world.ts'

const first = 'CREATE TABLE one (n INTEGER)'
const second = 'CREATE TABLE two (n INTEGER)'

/** Runs in the storage of an object that was never opened. */
const inAStore = <T>(work: (sql: Sql) => T): Promise<T> =>
  runInDurableObject(siteStub(newUid()), (_instance, state) => work(new Sql(state.storage)))

describe('migrate', () => {
  test('brings a store to the newest version, and opening it again writes no row', async () => {
    const rows = await inAStore((sql) => {
      migrate(sql, [first])
      migrate(sql, [first, second])
      sql.run('INSERT INTO two (n) VALUES (1)')
      sql.takeRowsWritten()
      migrate(sql, [first, second])
      return sql.takeRowsWritten()
    })
    expect(rows).toBe(0)
  })

  test('refuses a store that a newer release has written', async () => {
    await inAStore((sql) => {
      migrate(sql, [first, second])
      expect(() => migrate(sql, [first])).toThrow('newer')
    })
  })

  test('refuses a list whose history was edited', async () => {
    await inAStore((sql) => {
      migrate(sql, [first])
      expect(() => migrate(sql, [`${first} STRICT`])).toThrow('only appended')
    })
  })

  test.each([
    { name: 'cluster', migrations: CLUSTER_MIGRATIONS },
    { name: 'site', migrations: SITE_MIGRATIONS },
  ])('a store of the first released version of $name opens with the list of today', async ({ migrations }) => {
    await inAStore((sql) => {
      migrate(sql, migrations.slice(0, 1))
      expect(() => migrate(sql, migrations)).not.toThrow()
    })
  })
})
