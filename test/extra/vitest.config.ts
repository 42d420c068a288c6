import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '../..')

/** What needs more than Node and npm: `npm run test:extra`. Each file says what it needs; nothing here is a default test. */
export default defineConfig({
  root,
  test: { name: 'extra', dir: `${root}/test/extra`, include: ['**/*.test.ts'], testTimeout: 120_000 },
})
