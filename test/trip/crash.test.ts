import { describe, expect, test } from 'vitest'
import { crashPointOf, playCrash } from '#tools/crash/play-crash.ts'
import { useStage } from './support/trip.ts'

/** Three seeds of what `npm run test:crash` does with twenty. */
const stage = useStage()

/** A creation has some 370 boundaries; `npm run test:crash` counts them. */
const BOUNDARY_COUNT = 340

describe.concurrent('an agent that is killed', () => {
  test.each([1, 2, 3])('[O20] and started again makes the same cluster, nothing twice: seed %i', async (seed) => {
    const outcome = await playCrash({
      plane: stage.plane(),
      dir: `${stage.dir()}/seed-${seed}`,
      suffix: `-seed-${seed}`,
      crashAt: crashPointOf(seed, BOUNDARY_COUNT),
    })
    expect(outcome.complaints).toEqual([])
    expect(outcome.boundary).toEqual(expect.any(String))
  })
})
