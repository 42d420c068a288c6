import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '../../..')

/** The API Worker in workerd with its own wrangler.toml; the objects are those of test/support/relay-double.mjs. */
export default defineConfig(async () => {
  const relayDouble = await readFile(`${root}/test/support/relay-double.mjs`, 'utf8')
  const migrations = await readD1Migrations(`${root}/migrations`)
  return {
    root,
    plugins: [
      cloudflareTest({
        wrangler: { configPath: `${root}/wrangler.toml` },
        miniflare: {
          bindings: {
            MIGRATIONS: migrations,
            ADMIN_TOKEN: 'test-admin-token-0123456789',
            OIDC_ISSUER: 'https://login.test',
            OIDC_CLIENT_ID: 'lanline-cli',
            ACCESS_TEAM_DOMAIN: 'team.test',
            ACCESS_AUD: 'access-application',
          },
          workers: [
            {
              name: 'lanline-agent-relay',
              // Given as text: a path outside of the project's folder does not load.
              modules: [{ type: 'ESModule', path: 'relay-double.mjs', contents: relayDouble }],
              compatibilityDate: '2026-09-18',
              durableObjects: {
                CLUSTER: { className: 'ClusterObject', useSQLite: true },
                SITE: { className: 'SiteObject', useSQLite: true },
                LANE: { className: 'LaneObject', useSQLite: true },
              },
            },
          ],
        },
      }),
    ],
    // Some tests walk every route; on a busy machine that takes longer than a default.
    test: { name: 'api', dir: `${root}/test/workers/api`, include: ['**/*.test.ts'], testTimeout: 30_000 },
  }
})
