import { describe, expect, test } from 'vitest'
import { apply, deleteCluster, findCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { homelab } from '#tools/stage/story.ts'
import { until } from '#tools/stage/until.ts'
import { describeDeparting } from './support/departing.ts'
import { GONE_MS, READY_MS, useStage } from './support/trip.ts'

const stage = useStage()

/** Before a machine is there, and with etcd running; `npm run test:journeys` has every phase. */
describeDeparting(stage, ['creating', 'joined'])

describe.concurrent('deleting a cluster', () => {
  test('[P11] before any agent connected, it is gone at once', async () => {
    const api = stage.api()
    const story = homelab('-alone')
    const name = story.cluster.metadata.name
    await apply(api, [story.site, story.network, story.machineClass, story.cluster])
    await until('it waits for the agent', READY_MS, async () =>
      (await findCluster(api, name))?.status.waiting.some((hold) => hold.code === 'agent-offline'),
    )
    expect((await deleteCluster(api, name)).status).toBe(202)
    await untilGone(api, name, GONE_MS)
  })

  test('needs its name typed when its documents say so, and is refused when they forbid it', () =>
    stage.onSomeSite(async ({ site, story, name, complaints }) => {
      const { cluster } = story
      await apply(site.api, [cluster])
      expect(await deleteCluster(site.api, name, '')).toMatchObject({
        status: 409,
        body: { code: 'confirmation-required' },
      })
      const metadata = { ...cluster.metadata, annotations: { 'lanline/deletion': 'forbid' } }
      await apply(site.api, [{ ...cluster, metadata }])
      expect(await deleteCluster(site.api, name)).toMatchObject({ status: 409, body: { code: 'deletion-forbidden' } })
      await untilReady(site.api, name, READY_MS)
      expect(complaints(cluster.spec.controlPlane.machines)).toEqual([])
      await apply(site.api, [cluster])
      await deleteCluster(site.api, name)
      await untilGone(site.api, name, GONE_MS)
    }))
})
