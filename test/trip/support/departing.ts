import { describe, expect, test } from 'vitest'
import { apply, deleteCluster, untilGone } from '#tools/stage/clusters.ts'
import { placedOn } from './ledger.ts'
import { untilMoment, type Moment } from './moments.ts'
import { GONE_MS, type Stage } from './trip.ts'

/** A cluster is deleted in some phases of its creation. */
export function describeDeparting(stage: Stage, moments: readonly Moment[]): void {
  describe.concurrent('deleting a cluster', () => {
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
  })
}
