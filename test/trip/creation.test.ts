import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { kubeconfigOf } from '#tools/stage/agent.ts'
import { apply, findCluster, operationsOf, untilReady, type ClusterShown } from '#tools/stage/clusters.ts'
import { until } from '#tools/stage/until.ts'
import { READY_MS, useStage, type Play } from './support/trip.ts'

/** The first story as its owner would live it: one apply, a ready cluster, and then silence. */
const run = promisify(execFile)
const kubectl = await run('kubectl', ['version', '--client']).then(
  ({ stdout }) => stdout.split('\n')[0],
  () => undefined,
)

const stage = useStage()
let play: Play
let ready: ClusterShown

beforeAll(async () => {
  play = await stage.play('')
  await apply(play.site.api, [play.story.cluster])
  ready = await untilReady(play.site.api, play.name, READY_MS)
})

describe('one apply', () => {
  test('ends in exactly the wanted machines, and the machine that was there before is as it was', () => {
    expect(play.complaints(play.story.cluster.spec.controlPlane.machines)).toEqual([])
    const guests = play.site.lab.hypervisor.guests().map((guest) => [guest.vmid, guest.config.get('name')] as const)
    // Whoever was made first stands first on the host; which one that is does not matter.
    expect(guests.toSorted(([a], [b]) => a - b)).toEqual([
      [100, 'truenas'],
      [5000, 'talos-node-0'],
      [5001, 'talos-node-1'],
      [5002, 'talos-node-2'],
    ])
  })

  test('[P3] did each thing once: nothing failed, nothing was tried again, etcd was started once', async () => {
    const operations = await operationsOf(play.site.api, play.name)
    expect(operations.filter(({ state, attempt }) => state !== 'succeeded' || attempt !== 1)).toEqual([])
    const counts = Object.entries(Object.groupBy(operations, (operation) => operation.kind))
    expect(Object.fromEntries(counts.map(([kind, list]) => [kind, list?.length]))).toEqual({
      'secrets.create': 1,
      'image.ensure': 1,
      'machine.create': 3,
      'machine.start': 3,
      'machine.configure': 3,
      'etcd.bootstrap': 1,
      'cluster.check': 1,
    })
  })

  test('says that it fits exactly, and waits for nothing', () => {
    expect(ready.status.waiting).toEqual([])
    expect(ready.status.findings.map((finding) => finding.code)).toContain('fits-exactly')
    expect(ready.status.machines.map(({ name, phase, vmid }) => [name, phase, vmid])).toEqual([
      ['talos-node-0', 'ready', 5000],
      ['talos-node-1', 'ready', 5001],
      ['talos-node-2', 'ready', 5002],
    ])
  })

  test('ends in a kubeconfig of the VIP, minted on the site', async () => {
    const text = await kubeconfigOf(play.site.home, play.name)
    expect(text).toContain('https://192.168.1.50:6443')
    expect(text).not.toContain('system:masters')
  })

  test('ends in three ready nodes, as the real kubectl prints them', async ({ skip }) => {
    if (kubectl === undefined) {
      process.stdout.write('extra: no kubectl here; the look by the real kubectl did not run\n')
      skip('no kubectl')
    }
    process.stdout.write(`extra: ran with kubectl, ${kubectl ?? ''}\n`)
    const file = `${stage.dir()}/kubeconfig`
    writeFileSync(file, await kubeconfigOf(play.site.home, play.name), { mode: 0o600 })
    const { stdout } = await run('kubectl', ['--kubeconfig', file, `--cache-dir=${stage.dir()}/cache`, 'get', 'nodes'])
    expect(
      stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(/\s+/).slice(0, 3)),
    ).toEqual([
      ['talos-node-0', 'Ready', 'control-plane'],
      ['talos-node-1', 'Ready', 'control-plane'],
      ['talos-node-2', 'Ready', 'control-plane'],
    ])
  })
})

describe('afterwards', () => {
  const QUIET_MS = 6_000
  const WATCHED_MS = 4_000

  test('[C3][S7] a quiet site costs nothing: no request, no message, no alarm, no row', async () => {
    const { usage } = stage.plane()
    let [last, since] = ['', Date.now()]
    await until('the last news has been told', READY_MS, () => {
      const now = JSON.stringify(usage.counts())
      if (now !== last) [last, since] = [now, Date.now()]
      return Date.now() - since > QUIET_MS
    })
    usage.reset()
    await wait(WATCHED_MS)
    expect(usage.counts()).toEqual({})
  })

  test('applying the same again changes nothing and wakes nobody', async () => {
    const { story, site, name } = play
    await apply(site.api, [story.site, story.network, story.machineClass, story.cluster])
    expect((await findCluster(site.api, name))?.metadata.generation).toBe(ready.metadata.generation)
    expect(await operationsOf(site.api, name)).toHaveLength(13)
    expect((await findCluster(site.api, name))?.status.phase).toBe('ready')
  })
})
