import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { noBoundary } from '#agent/crash-points.ts'
import { aStateDir } from '../journal/journal-at.ts'
import { liveOnce, readWorld } from './crash-child.ts'

/** Two at a time, because that is how many cores there are. */
const LANES = 2
/** Above the number of boundaries one life has; the test finds the real number. */
const MOST_BOUNDARIES = 100

const cache = mkdtempSync(join(tmpdir(), 'lanline-compiled-'))
afterAll(() => rmSync(cache, { recursive: true, force: true }))

/** A life that is killed at its n-th boundary; false when it has fewer. */
async function killedAt(n: number, dir: string): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), dir], {
    env: { ...process.env, CRASH_AT: String(n), NODE_COMPILE_CACHE: cache },
    stdio: 'ignore',
  })
  const [code, signal] = await once(child, 'exit')
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the life of boundary ${n} ended with ${code}`)
  return signal === 'SIGKILL'
}

test('[O10] [O11] [O12] [O13] killed at any commit or frame, the next life ends with one effect and one outcome', async () => {
  let boundaries = 0
  let next = 1
  const lane = async (): Promise<void> => {
    for (let n = next++; n <= MOST_BOUNDARIES; n = next++) {
      const dir = aStateDir()
      if (!(await killedAt(n, dir))) {
        next = MOST_BOUNDARIES + 1
        return
      }
      boundaries = Math.max(boundaries, n)
      expect(await liveOnce(dir, noBoundary)).toBe('confirmed')
      expect({ n, effects: readWorld(dir).effects }).toEqual({ n, effects: ['started'] })
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  // The walk is only worth something if it went through the whole life.
  expect(boundaries).toBeGreaterThan(30)
}, 60_000)
