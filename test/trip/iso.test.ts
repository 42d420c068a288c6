import { expect, test } from 'vitest'
import { apply, deleteCluster, operationsOf, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { GONE_MS, READY_MS, useStage, withMachines } from './support/trip.ts'

/** A host that is too old to import disk images: its machines install themselves from an ISO. */
const stage = useStage()

test('[pitfall 4] a host of 8.2 gets a ready cluster by ISO: installed to the disk named, the ISO out, and nothing is left', async () => {
  const play = await stage.play('', { lab: { host: { release: '8.2' } } })
  const { api, lab } = play.site
  const one = withMachines(play.story, { 'talos-node-0': '192.168.1.51' })
  await apply(api, [one])
  await untilReady(api, play.name, READY_MS)
  const operations = await operationsOf(api, play.name)
  expect(operations.filter(({ state }) => state !== 'succeeded')).toEqual([])
  expect(operations.find(({ kind }) => kind === 'image.ensure')?.input).toMatchObject({ media: 'iso' })

  const [guest] = lab.hypervisor.guests().filter(({ foreign }) => !foreign)
  expect(guest?.config.get('scsi0')).toMatch(/^local-zfs:vm-5000-disk-\d+,/)
  expect(guest?.config.get('boot')).toBe('order=scsi0;ide0')
  expect(guest?.config.get('ide0')).toBe('none,media=cdrom')
  const [node] = lab.nodes()
  expect(node?.config?.source).toContain('serial: talos-system')

  await deleteCluster(api, play.name)
  await untilGone(api, play.name, GONE_MS)
  expect(play.complaints({})).toEqual([])
})
