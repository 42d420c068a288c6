import { expect, test } from 'vitest'
import { toETag, type MachineDocument } from '#core/model/document.ts'
import type { ClusterStatus } from '#core/model/status.ts'
import type { HostCapacity } from '#core/placement/capacity.ts'
import { apply } from '#tools/stage/clusters.ts'
import { until } from '#tools/stage/until.ts'
import { GONE_MS, READY_MS, useStage, type Play } from './support/trip.ts'

/** A guest beside clusters that Lanline keeps: made, started, kept running, counted, and removed when its owner says so. */
const stage = useStage()

interface Shown {
  readonly metadata: { readonly uid: string; readonly generation: number; readonly deletingAt?: string }
  readonly status: ClusterStatus
}

const nas = (play: Play, annotations: Readonly<Record<string, string>>): MachineDocument => ({
  apiVersion: 'lanline/v1alpha1',
  kind: 'Machine',
  metadata: { name: 'nas', annotations: { ...annotations } },
  spec: {
    site: play.site.name,
    mode: 'managed',
    class: play.story.machineClass.metadata.name,
    nics: [{ network: play.story.network.metadata.name, ip: '192.168.1.45', mac: 'BC:24:11:00:00:45' }],
  },
})

test('[P7] a managed machine runs, is counted, protected from deletion by mistake, and goes with its disks', async () => {
  const play = await stage.play('')
  const { api, lab } = play.site
  const find = () => api.find<Shown>('/v1/machines/nas')
  const runs = () =>
    until('nas runs', READY_MS, async () => {
      const shown = await find()
      return shown?.status.phase === 'ready' && shown
    })
  const remove = async (query = '') => {
    const shown = await find()
    return api.send<{ code?: string }>('DELETE', `/v1/machines/nas${query}`, undefined, {
      'If-Match': toETag(shown!.metadata),
    })
  }
  const guest = () => lab.hypervisor.guests().find(({ config }) => config.get('name') === 'nas')

  await apply(api, [nas(play, { 'lanline/deletion': 'forbid' })])
  const { status } = await runs()
  expect(status).toMatchObject({
    bootstrapped: true,
    waiting: [],
    machines: [{ name: 'nas', phase: 'running', vmid: 5000 }],
  })
  expect(guest()?.config.get('net0')).toMatch(/^virtio=BC:24:11:00:00:45,bridge=vmbr0/)
  expect(guest()?.config.get('scsi0')).toMatch(/size=\d+G/)
  const { hosts } = await api.get<{ hosts: readonly HostCapacity[] }>(`/v1/sites/${play.site.name}/capacity`)
  expect(hosts[0]?.cpu.managed).toBe(play.story.machineClass.spec.cpu)

  expect((await remove()).body.code).toBe('deletion-forbidden')
  await apply(api, [nas(play, { 'lanline/deletion': 'confirm' })])
  expect((await remove()).body.code).toBe('confirmation-required')
  expect((await remove('?confirm=nas')).status).toBe(202)
  await until('nas is gone', GONE_MS, async () => (await find()) === undefined)
  expect(play.complaints({})).toEqual([])
})
