import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TestContext } from 'vitest'

/**
 * Data taken from the real systems, kept beside the repository and never in it. Tests read it in place when it is there;
 * when it is not they are reported as skipped and a line says so.
 */
const ROOT = resolve(import.meta.dirname, '../../../shared/vectors')

export function readVector(path: string, { skip }: Pick<TestContext, 'skip'>): string {
  const file = join(ROOT, path)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  process.stdout.write(`vectors: ${path} is not here; the test that compares with it did not run\n`)
  return skip(`no vector ${path}`)
}
