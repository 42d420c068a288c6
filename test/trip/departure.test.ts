import { describe, expect, test } from 'vitest'
import { apply, deleteCluster, findCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { homelab } from '#tools/stage/story.ts'
import { until } from '#tools/stage/until.ts'
import { moments, untilMoment } from './support/moments.ts'
import { placedOn } from './support/ledger.ts'
import { GONE_MS, READY_MS, useStage } from './support/trip.ts'

/** A cluster is deleted in every phase of its creation. */
const stage = useStage()

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

  test.each(moments)('[P7] when it is %s leaves nothing of it, and touches nothing else', (moment) =>
    stage.onSomeSite(async (play) => {
      await apply(play.site.api, [play.story.cluster])
      await untilMoment(play, moment)
      const answer = await deleteCluster(play.site.api, play.name)
      expect({ status: answer.status, phase: answer.body.status?.phase }).toEqual({ status: 202, phase: 'deleting' })
      await untilGone(play.site.api, play.name, GONE_MS)
      expect(play.complaints({})).toEqual([])
      expect(await placedOn(play)).toEqual({ cpu: 0, memoryMiB: 0 })
    }),
  )

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
