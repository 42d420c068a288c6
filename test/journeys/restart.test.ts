import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startControlPlane } from '#lab/control-plane/start.ts'
import { apply, deleteCluster, operationsOf, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { untilMoment } from '../trip/support/moments.ts'
import { GONE_MS, READY_MS, useStage, type Play } from '../trip/support/trip.ts'

/** The whole cloud half is killed in mid-creation and started again in the same directory, as an accident would have it. */
const stage = useStage()

async function killAndRestart(): Promise<void> {
  const before = stage.plane()
  await before.stop('kill')
  const port = Number(new URL(before.url).port)
  stage.use(await startControlPlane({ dir: join(stage.dir(), 'plane'), port, adminToken: before.adminToken }))
}

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

describe('a control plane that is killed', () => {
  // The later one begins first, so that one accident meets two clusters in different phases.
  test.each([
    ['bootstrapping', 'creating'],
    ['configuring', 'placed'],
  ] as const)('when one cluster is %s and another %s goes on with both, and does nothing twice', (late, early) =>
    stage.onSomeSite((one) =>
      stage.onSomeSite(async (other) => {
        await apply(one.site.api, [one.story.cluster])
        await untilMoment(one, late)
        await apply(other.site.api, [other.story.cluster])
        await untilMoment(other, early)
        await killAndRestart()
        for (const play of [one, other]) {
          await untilReady(play.site.api, play.name, READY_MS)
          expect(await twiceDone(play)).toEqual([])
          await deleteCluster(play.site.api, play.name)
          await untilGone(play.site.api, play.name, GONE_MS)
        }
      }),
    ),
  )
})
