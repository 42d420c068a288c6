import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

test('the committed openapi.json and docs page are those of the routes', () => {
  const { status, stderr } = spawnSync(process.execPath, ['tools/build-openapi.ts', '--check'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect([status, stderr.includes('is stale')]).toEqual([0, false])
})
