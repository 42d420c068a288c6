import { expect, test } from 'vitest'
import type { ClusterDocument } from '#core/model/document.ts'
import { apply, findCluster, untilReady } from '#tools/stage/clusters.ts'
import { placedOn } from './support/ledger.ts'
import { READY_MS, useStage, type Play } from './support/trip.ts'

/** Workers as their owner lives them: asked for by number, there with an address of the network, and gone again. */
const stage = useStage()
const OWN = { cpu: 2, memory: '4Gi' }

/** The host is full but for what it keeps for growth. */
const withWorkers = ({ story }: Play, count: number): ClusterDocument => ({
  ...story.cluster,
  spec: { ...story.cluster.spec, workers: { general: { class: 'worker', count, drawFrom: 'growth' } } },
})

test('[P4][P6] two workers come with the cluster, one more joins it, and all go without it', async () => {
  const play = await stage.play('-workers')
  const { api } = play.site
  const { machineClass, cluster } = play.story
  const worker = { ...machineClass, metadata: { name: 'worker' }, spec: { ...machineClass.spec, ...OWN } }
  const own = cluster.spec.controlPlane.machines
  const workersOf = async () =>
    ((await findCluster(api, play.name))?.status.machines ?? [])
      .filter(({ role }) => role === 'worker')
      .map(({ name, address, phase }) => [name, address, phase])

  await apply(api, [worker, withWorkers(play, 2)])
  await untilReady(api, play.name, READY_MS)
  // The lowest that the network does not keep for others.
  const addresses = { [`${play.name}-general-0`]: '192.168.1.21', [`${play.name}-general-1`]: '192.168.1.22' }
  expect(await workersOf()).toEqual(Object.entries(addresses).map(([name, address]) => [name, address, 'ready']))
  expect(play.complaints({ ...own, ...addresses })).toEqual([])
  expect(await placedOn(play)).toEqual({ cpu: 3 * 4 + 2 * 2, memoryMiB: 3 * 8192 + 2 * 4096 })

  await apply(api, [withWorkers(play, 3)])
  await untilReady(api, play.name, READY_MS)
  expect(await workersOf()).toHaveLength(3)

  await apply(api, [withWorkers(play, 0)])
  await untilReady(api, play.name, READY_MS)
  expect(await workersOf()).toEqual([])
  expect(play.complaints(own)).toEqual([])
})
