import { applyD1Migrations, env, type D1Migration } from 'cloudflare:test'
import { openDb, type Db } from '#db/open.ts'

/** The database of this test file, migrated. */
export async function aDatabase(): Promise<Db> {
  const { DB, MIGRATIONS } = env as unknown as { DB: D1Database; MIGRATIONS: D1Migration[] }
  await applyD1Migrations(DB, MIGRATIONS)
  return openDb(DB)
}

/** The same database, counting the statements it is given. */
export function aCountingDatabase(): { readonly db: Db; statementCount(): number } {
  const { DB } = env as unknown as { DB: D1Database }
  let count = 0
  const counting = new Proxy(DB, {
    get(target, key) {
      if (key === 'prepare') count += 1
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { db: openDb(counting), statementCount: () => count }
}
