import { beforeAll, describe, expect, test } from 'vitest'
import { countBoundaries, crashPointOf, playCrash } from '#tools/crash/play-crash.ts'
import { useStage } from './support/trip.ts'

/** Three seeds of what `npm run test:crash` does with twenty. */
const stage = useStage()
let boundaryCount = 0

beforeAll(async () => {
  boundaryCount = await countBoundaries({ plane: stage.plane(), dir: `${stage.dir()}/uncrashed`, suffix: '-uncrashed' })
})

describe.concurrent('an agent that is killed', () => {
  test.each([1, 2, 3])('[O20] and started again makes the same cluster, nothing twice: seed %i', async (seed) => {
    const outcome = await playCrash({
      plane: stage.plane(),
      dir: `${stage.dir()}/seed-${seed}`,
      suffix: `-seed-${seed}`,
      crashAt: crashPointOf(seed, boundaryCount),
    })
    expect(outcome.complaints).toEqual([])
    expect(outcome.boundary).toEqual(expect.any(String))
  })
})
