import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startControlPlane } from '#lab/control-plane/start.ts'
import { countBoundaries, crashPointOf, playCrash } from './play-crash.ts'

/**
 * `npm run test:crash -- --seeds 20`: as many creations, each with an agent that is killed at another of its journal or
 * socket boundaries. A line per seed, then `N passed, N failed`; exit 1 when one failed.
 */
const DEFAULT_SEEDS = 20
const MAX_SEEDS = 1_000
/** Each is an agent process and a lab; more than two only wait for each other on a small machine. */
const AT_ONCE = 2

const { values } = parseArgs({ options: { seeds: { type: 'string' } } })
const seedCount = Number(values.seeds ?? DEFAULT_SEEDS)
if (!Number.isInteger(seedCount) || seedCount < 1 || seedCount > MAX_SEEDS) {
  console.error(`--seeds is a number from 1 to ${MAX_SEEDS}`)
  process.exit(64)
}

const dir = mkdtempSync(join(tmpdir(), 'lanline-crash-'))
const plane = await startControlPlane({ dir: join(dir, 'plane') })
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void plane.stop('kill').finally(() => process.exit(130)))
let [passed, failed] = [0, 0]
try {
  const boundaryCount = await countBoundaries({ plane, dir: join(dir, 'first'), suffix: '-first' })
  console.log(`a creation has ${boundaryCount} boundaries`)
  const seeds = Array.from({ length: seedCount }, (_, index) => index + 1).values()
  const lane = async (): Promise<void> => {
    for (const seed of seeds) await play(seed, boundaryCount)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
} finally {
  await plane.stop()
  rmSync(dir, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

async function play(seed: number, boundaryCount: number): Promise<void> {
  const crashAt = crashPointOf(seed, boundaryCount)
  const line = (rest: string) =>
    console.log(`seed ${String(seed).padStart(4)}  n ${String(crashAt).padStart(4)}  ${rest}`)
  try {
    const outcome = await playCrash({ plane, dir: join(dir, `seed-${seed}`), suffix: `-seed-${seed}`, crashAt })
    const wrong = outcome.boundary === undefined ? ['the creation was over before'] : outcome.complaints
    line(
      `${wrong.length === 0 ? 'passed' : 'FAILED'}  ${(outcome.durationMs / 1000).toFixed(1).padStart(5)} s  ` +
        [outcome.boundary ?? 'not reached', ...wrong].join('\n    '),
    )
    if (wrong.length === 0) passed += 1
    else failed += 1
  } catch (error) {
    failed += 1
    line(`FAILED  ${error instanceof Error ? error.message : String(error)}`)
  }
}
