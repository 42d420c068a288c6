import { describe, expect, test } from 'vitest'
import { crashPointOf, playCrash } from '#tools/crash/play-crash.ts'
import { useStage } from './support/trip.ts'

/** One seed of what `npm run test:crash` does with twenty. */
const stage = useStage()

/** A creation has some 370 boundaries; `npm run test:crash` counts them. */
const BOUNDARY_COUNT = 340

const SEED = 1

describe('an agent that is killed', () => {
  test('[O20] and started again makes the same cluster, nothing twice', async () => {
    const outcome = await playCrash({
      plane: stage.plane(),
      dir: `${stage.dir()}/killed`,
      suffix: '-killed',
      crashAt: crashPointOf(SEED, BOUNDARY_COUNT),
    })
    expect(outcome.complaints).toEqual([])
    expect(outcome.boundary).toEqual(expect.any(String))
  })
})
