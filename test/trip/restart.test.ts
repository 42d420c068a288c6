import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startControlPlane } from '#lab/control-plane/start.ts'
import { apply, operationsOf, untilReady } from '#tools/stage/clusters.ts'
import { untilMoment } from './support/moments.ts'
import { READY_MS, useStage, type Play } from './support/trip.ts'

/** The whole cloud half is killed in mid-creation and started again in the same directory, as an accident would have it. */
const stage = useStage()

async function killAndRestart(): Promise<void> {
  const before = stage.plane()
  await before.stop('kill')
  const port = Number(new URL(before.url).port)
  stage.use(await startControlPlane({ dir: join(stage.dir(), 'plane'), port, adminToken: before.adminToken }))
}

describe('a control plane that is killed', () => {
  test('and started again goes on with every creation where it was, and does nothing twice', async () => {
    const early = await stage.play('-early')
    const late = await stage.play('-late')
    await apply(late.site.api, [late.story.cluster])
    await untilMoment(late, 'bootstrapping')
    await apply(early.site.api, [early.story.cluster])
    await untilMoment(early, 'creating')
    await killAndRestart()
    for (const play of [early, late]) {
      await untilReady(play.site.api, play.name, READY_MS)
      expect(await twiceDone(play)).toEqual([])
    }
  })

  test.each(['placed', 'configuring'] as const)('when a cluster is %s ends with that cluster ready', async (moment) => {
    const play = await stage.play(`-${moment}`)
    await apply(play.site.api, [play.story.cluster])
    await untilMoment(play, moment)
    await killAndRestart()
    await untilReady(play.site.api, play.name, READY_MS)
    expect(await twiceDone(play)).toEqual([])
  })
})

/** Complaints of the host, and operations that needed more than one try. */
async function twiceDone(play: Play): Promise<readonly string[]> {
  const operations = await operationsOf(play.site.api, play.name)
  return [
    ...play.complaints(play.story.cluster.spec.controlPlane.machines),
    ...operations
      .filter((operation) => operation.state !== 'succeeded' || operation.attempt > 1)
      .map(({ kind, state, attempt }) => `${kind} ${state}, attempt ${attempt}`),
  ]
}
