import { describe, expect, test } from 'vitest'
import type { ClusterDocument } from '#core/model/document.ts'
import { apply, deleteCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import type { Story } from '#tools/stage/story.ts'
import { placedOn } from './ledger.ts'
import { untilMoment, type Moment } from './moments.ts'
import { GONE_MS, READY_MS, withMachines, type Stage } from './trip.ts'

/** The spec changes in some phases of a creation: it ends ready with what is wanted now, and goes again. */

type Change = (story: Story) => ClusterDocument
const to =
  (machines: Readonly<Record<string, string>>): Change =>
  (story) =>
    withMachines(story, machines)

/** The third machine with another address, or with another name: in both cases another machine. */
const moved = to({ 'talos-node-0': '192.168.1.51', 'talos-node-1': '192.168.1.52', 'talos-node-2': '192.168.1.59' })
const renamed = to({ 'talos-node-0': '192.168.1.51', 'talos-node-1': '192.168.1.52', 'talos-node-9': '192.168.1.53' })
/** The first by address is the one that etcd is bootstrapped on. */
const withoutFirst = to({
  'talos-node-3': '192.168.1.54',
  'talos-node-1': '192.168.1.52',
  'talos-node-2': '192.168.1.53',
})
const twoOthers = to({ 'talos-node-7': '192.168.1.57', 'talos-node-1': '192.168.1.52', 'talos-node-9': '192.168.1.59' })
/** Possible only before etcd is started. */
const smaller: Change = ({ cluster }) => ({
  ...cluster,
  spec: { ...cluster.spec, controlPlane: { ...cluster.spec.controlPlane, class: 'cp-smaller' } },
})

const CHANGES: Readonly<Record<Moment, readonly [string, Change]>> = {
  placed: ['[P6] one machine moved', moved],
  'image under way': ['another class', smaller],
  creating: ['[P6] one machine renamed', renamed],
  created: ['[P6] one machine moved', moved],
  running: ['[P6] one machine renamed', renamed],
  configuring: ['another class', smaller],
  bootstrapping: ['[P3] not the machine etcd is started on', withoutFirst],
  joined: ['[P1] one machine moved', moved],
  ready: ['[P1][P2] two machines replaced, one after the other', twoOthers],
}

export function describeChanging(stage: Stage, moments: readonly Moment[]): void {
  const cases = moments.map((moment) => ({ moment, what: CHANGES[moment][0], change: CHANGES[moment][1] }))

  describe.concurrent('changing a cluster', () => {
    test.each(cases)('$what, when it is $moment: ends ready with exactly what is wanted', ({ moment, change }) =>
      stage.onSomeSite(async (play) => {
        const { api, lab } = play.site
        const { machineClass, cluster } = play.story
        const small = {
          ...machineClass,
          metadata: { name: 'cp-smaller' },
          spec: { ...machineClass.spec, cpu: 2, memory: '4Gi' },
        }
        const changed = change(play.story)
        await apply(api, [small, cluster])
        await untilMoment(play, moment)
        await apply(api, [changed])
        await untilReady(api, play.name, READY_MS)
        expect(play.complaints(changed.spec.controlPlane.machines)).toEqual([])
        const [cpu, memoryMiB] = change === smaller ? [2, 4096] : [4, 8192]
        expect(await placedOn(play)).toEqual({ cpu: 3 * cpu, memoryMiB: 3 * memoryMiB })
        const guests = lab.hypervisor.guests().filter((guest) => !guest.foreign)
        expect(new Set(guests.map((guest) => guest.config.get('memory')))).toEqual(new Set([String(memoryMiB)]))

        expect((await deleteCluster(api, play.name)).status).toBe(202)
        await untilGone(api, play.name, GONE_MS)
        expect(play.complaints({})).toEqual([])
      }),
    )
  })
}
