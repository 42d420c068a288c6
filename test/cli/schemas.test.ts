import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { REPOSITORY } from '#test/support/run-cli.ts'

test('the JSON Schemas for editors are those of the code', () => {
  const run = spawnSync(process.execPath, ['tools/build-schemas.ts', '--check'], { cwd: REPOSITORY, encoding: 'utf8' })
  expect(run.stderr + run.stdout).toContain('schemas are up to date')
  expect(run.status).toBe(0)
})
