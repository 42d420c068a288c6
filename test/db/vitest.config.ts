import { resolve } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '../..')

/** D1 in workerd, with the migrations people deploy. Storage is isolated per file. */
export default defineConfig(async () => {
  const migrations = await readD1Migrations(`${root}/migrations`)
  return {
    root,
    plugins: [
      cloudflareTest({
        miniflare: {
          compatibilityDate: '2026-09-18',
          d1Databases: { DB: 'lanline' },
          bindings: { MIGRATIONS: migrations },
        },
      }),
    ],
    test: { name: 'db', dir: `${root}/test/db`, include: ['**/*.test.ts'] },
  }
})
