import { resolve } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '../..')

/** The relay script as it is deployed, in workerd, with the migrations people deploy. */
export default defineConfig(async () => {
  const migrations = await readD1Migrations(`${root}/migrations`)
  return {
    root,
    plugins: [
      cloudflareTest({
        wrangler: { configPath: `${root}/workers/agent-relay/wrangler.toml` },
        miniflare: { bindings: { MIGRATIONS: migrations } },
      }),
    ],
    test: {
      name: 'relay',
      // One workerd for all files, because starting one costs more than most of them; every test mints its own uids.
      isolate: false,
      maxWorkers: 1,
      dir: `${root}/test`,
      include: ['durable-objects/**/*.test.ts', 'workers/agent-relay/**/*.test.ts'],
      testTimeout: 20_000,
    },
  }
})
