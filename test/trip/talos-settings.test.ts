import { expect, test } from 'vitest'
import type { ClusterDocument } from '#core/model/document.ts'
import type { TalosPatch } from '#core/model/talos-patch.ts'
import { apply, deleteCluster, findCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import type { Story } from '#tools/stage/story.ts'
import { until } from '#tools/stage/until.ts'
import { GONE_MS, READY_MS, useStage } from './support/trip.ts'

/** Settings and patches from one apply to the nodes; a patch that only the agent can refuse is mended on the way. */
const stage = useStage()
const MACHINES = { 'talos-node-0': '192.168.1.51' }

const withPatch = ({ cluster }: Story, patch: TalosPatch): ClusterDocument => ({
  ...cluster,
  spec: {
    ...cluster.spec,
    talos: { ...cluster.spec.talos, sysctls: { 'vm.swappiness': '1' } },
    controlPlane: { ...cluster.spec.controlPlane, machines: MACHINES, nodeLabels: { 'home.arpa/rack': 'one' } },
    machinePatches: { 'talos-node-0': [patch] },
  },
})

test('a refused patch holds the machine with its reason; mended, the node comes up with it and the contract stays', () =>
  stage.onSomeSite(async (play) => {
    const { api, lab } = play.site
    await apply(api, [withPatch(play.story, { machine: { sysctls: { absent: { $patch: 'delete' } } } })])
    const held = await until('the machine is held', READY_MS, async () =>
      (await findCluster(api, play.name))?.status.waiting.find(({ code }) => code === 'needs-human'),
    )
    expect(held.facts).toMatchObject({
      problem: 'patch-refused',
      level: 'machine',
      reason: expect.stringContaining('machine.sysctls.absent') as unknown,
    })

    await apply(api, [withPatch(play.story, { machine: { sysctls: { 'vm.swappiness': '2' } } })])
    const ready = await untilReady(api, play.name, READY_MS)
    expect(ready.status.talosContract).toBe('1.13')
    expect(play.complaints(MACHINES)).toEqual([])
    const [config, ...others] = lab.nodes().flatMap((node) => node.config ?? [])
    expect(others).toEqual([])
    expect(config?.source).toContain('vm.swappiness: "2"')
    expect(config?.nodeLabels).toMatchObject({ 'home.arpa/rack': 'one' })

    expect((await deleteCluster(api, play.name)).status).toBe(202)
    await untilGone(api, play.name, GONE_MS)
  }))
