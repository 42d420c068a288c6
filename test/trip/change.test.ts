import { describe, expect, test } from 'vitest'
import { apply, deleteCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { placedOn } from './support/ledger.ts'
import { moments, untilMoment, type Moment } from './support/moments.ts'
import { GONE_MS, READY_MS, useStage, withMachines } from './support/trip.ts'

/** The spec changes in every phase of a creation: it ends ready with what is wanted now, and goes again. */
const stage = useStage()

/** The third machine with another address, or with another name: in both cases another machine. */
const MOVED = { 'talos-node-0': '192.168.1.51', 'talos-node-1': '192.168.1.52', 'talos-node-2': '192.168.1.59' }
const RENAMED = { 'talos-node-0': '192.168.1.51', 'talos-node-1': '192.168.1.52', 'talos-node-9': '192.168.1.53' }
/** The first by address is the one that etcd is bootstrapped on. */
const WITHOUT_FIRST = { 'talos-node-3': '192.168.1.54', 'talos-node-1': '192.168.1.52', 'talos-node-2': '192.168.1.53' }
const TWO_OTHERS = { 'talos-node-0': '192.168.1.51', 'talos-node-8': '192.168.1.58', 'talos-node-9': '192.168.1.59' }

/** What the site has to say at the end of each: complaints of its host, and what its ledger has given out. */
interface Outcome {
  readonly changed: readonly string[]
  readonly placed: { readonly cpu: number; readonly memoryMiB: number }
  readonly gone: readonly string[]
}
const AS_WANTED: Outcome = { changed: [], placed: { cpu: 12, memoryMiB: 3 * 8192 }, gone: [] }

const changeWhen = (moment: Moment, machines: Readonly<Record<string, string>>): Promise<Outcome> =>
  stage.onSomeSite(async (play) => {
    const { api } = play.site
    await apply(api, [play.story.cluster])
    await untilMoment(play, moment)
    await apply(api, [withMachines(play.story, machines)])
    await untilReady(api, play.name, READY_MS)
    const changed = play.complaints(machines)
    const placed = await placedOn(play)

    await deleteCluster(api, play.name)
    await untilGone(api, play.name, GONE_MS)
    return { changed, placed, gone: play.complaints({}) }
  })

describe.concurrent('changing the machines of a cluster', () => {
  const eachMoment = moments.map((moment, index) =>
    index % 2 === 0 ? { moment, how: 'moved', machines: MOVED } : { moment, how: 'renamed', machines: RENAMED },
  )
  test.each(eachMoment)('[P6] when it is $moment ends ready with exactly the wanted ones: one $how', async (change) => {
    expect(await changeWhen(change.moment, change.machines)).toEqual(AS_WANTED)
  })

  test.each(['bootstrapping', 'ready'] as const)(
    '[P3] when it is %s, the machine that etcd is bootstrapped on may go as well',
    async (moment) => {
      expect(await changeWhen(moment, WITHOUT_FIRST)).toEqual(AS_WANTED)
    },
  )

  test('[P1][P2] when it is ready, two are replaced one after the other', async () => {
    expect(await changeWhen('ready', TWO_OTHERS)).toEqual(AS_WANTED)
  })

  test.each(['image under way', 'configuring'] as const)('the class may change before etcd is started: %s', (moment) =>
    stage.onSomeSite(async (play) => {
      const { api } = play.site
      const { machineClass, cluster } = play.story
      const smaller = {
        ...machineClass,
        metadata: { name: 'cp-smaller' },
        spec: { ...machineClass.spec, cpu: 2, memory: '4Gi' },
      }
      const changed = {
        ...cluster,
        spec: { ...cluster.spec, controlPlane: { ...cluster.spec.controlPlane, class: 'cp-smaller' } },
      }
      await apply(api, [cluster])
      await untilMoment(play, moment)
      await apply(api, [smaller, changed])
      await untilReady(api, play.name, READY_MS)
      expect(play.complaints(cluster.spec.controlPlane.machines)).toEqual([])
      const guests = play.site.lab.hypervisor.guests().filter((guest) => !guest.foreign)
      expect(guests.map((guest) => guest.config.get('memory'))).toEqual(['4096', '4096', '4096'])
      expect(await placedOn(play)).toEqual({ cpu: 6, memoryMiB: 3 * 4096 })
      await deleteCluster(api, play.name)
      await untilGone(api, play.name, GONE_MS)
    }),
  )
})
