import { expect, test } from 'vitest'
import type { ClusterDocument, MachineClassDocument } from '#core/model/document.ts'
import { edit, findGuest } from '#lab/proxmox/behind-the-back.ts'
import { apply, findCluster, operationsOf, story, untilReady } from '#tools/stage/clusters.ts'
import { until } from '#tools/stage/until.ts'
import { placedOn } from './support/ledger.ts'
import { READY_MS, useStage, type Play } from './support/trip.ts'

/** Three control planes and two workers become larger where they stand, and somebody changes one of them by hand. */
const stage = useStage()
const OWN = { cpu: 2, memory: '4Gi' }

const classOf = ({ story: { machineClass } }: Play, name: string, spec: Partial<MachineClassDocument['spec']>) => ({
  ...machineClass,
  metadata: { name },
  spec: { ...machineClass.spec, ...spec },
})
const withWorkers = ({ story: { cluster } }: Play, spec: Partial<ClusterDocument['spec']> = {}): ClusterDocument => ({
  ...cluster,
  spec: { ...cluster.spec, workers: { general: { class: 'small', count: 2, drawFrom: 'growth' } }, ...spec },
})
const guestOf = ({ site }: Play, name: string) => {
  const found = findGuest(site.lab.hypervisor.cluster, name)
  if (!found) throw new Error(`no guest ${name}`)
  return found
}
const config = (play: Play, name: string, key: string) => guestOf(play, name).vm.config.get(key)
const shutdowns = ({ site }: Play) => site.lab.hypervisor.tasks().filter(({ type }) => type === 'qmshutdown')

test('[P2][P4][P20][P21] a cluster of 3 + 2 grows in place, one restart at a time, and what others change is told and changed back', async () => {
  const play = await stage.play('-resize')
  const { api, lab } = play.site
  const workers = [`${play.name}-general-0`, `${play.name}-general-1`]
  const controlPlanes = Object.keys(play.story.cluster.spec.controlPlane.machines)
  const nodes = () => lab.nodes().map((node) => [node.hostname, node.bootId] as const)
  const findings = async (code: string) =>
    ((await findCluster(api, play.name))?.status.findings ?? []).filter((finding) => finding.code === code)

  await apply(api, [classOf(play, 'small', OWN), withWorkers(play)])
  await untilReady(api, play.name, READY_MS)
  const bornAs = new Map(nodes())

  // A dry run of the class alone says what happens to the cluster that uses it.
  const larger = classOf(play, 'small', { ...OWN, cpu: 3, memory: '5Gi', disks: [{ size: '40Gi' }] })
  const { body } = await api.send('POST', '/v1/apply?dryRun=true', { documents: [larger] })
  const plans = (body as { plans: Record<string, { findings: { code: string; text: string }[] }> }).plans
  expect(plans[play.name]?.findings.find(({ code }) => code === 'restart-planned')?.text).toMatch(
    new RegExp(`^${workers.join(', ')} are power cycled, one after the other, for: cpu 2 → 3, memory 4Gi → 5Gi`),
  )

  // The class of the workers says more, and the control planes are pointed to another one.
  const cpuOf = play.story.machineClass.spec.cpu
  const other = classOf(play, 'other', { cpu: cpuOf - 1, memory: '7Gi' })
  const { controlPlane } = play.story.cluster.spec
  await apply(api, [larger, other, withWorkers(play, { controlPlane: { ...controlPlane, class: 'other' } })])
  await untilReady(api, play.name, READY_MS)
  for (const name of workers)
    expect([config(play, name, 'memory'), config(play, name, 'cores')]).toEqual([String(5 * 1024), '3'])
  for (const name of controlPlanes) expect(config(play, name, 'memory')).toBe(String(7 * 1024))
  expect(config(play, workers[0]!, 'scsi0')).toContain('size=40G')
  // Every one was power cycled once, none of them while another was.
  expect(shutdowns(play)).toHaveLength(5)
  const resized = (await operationsOf(api, play.name)).filter(({ kind }) => kind === 'machine.resize')
  expect(resized.map(({ state }) => state)).toEqual(Array(5).fill('succeeded'))
  const inOrder = resized.toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0))
  for (const [index, next] of inOrder.slice(1).entries())
    expect(next.startedAt).toBeGreaterThanOrEqual(inOrder[index]?.finishedAt ?? Infinity)
  for (const [name, bootId] of nodes()) expect(bootId).not.toBe(bornAs.get(name))
  expect(await placedOn(play)).toEqual({ cpu: 3 * (cpuOf - 1) + 2 * 3, memoryMiB: (3 * 7 + 2 * 5) * 1024 })
  expect(lab.violations()).toEqual([])

  // Smaller disks are no change that can be carried out.
  const refused = await api.send('POST', '/v1/apply', {
    documents: [classOf(play, 'small', { disks: [{ size: '16Gi' }] })],
  })
  expect(refused.status).toBe(422)

  // Somebody takes memory away by hand: told, and left alone.
  edit(guestOf(play, workers[0]!), { memory: '2048', onboot: '0' })
  const [drift] = await until(
    'the drift is told',
    READY_MS,
    async () => {
      const told = await findings('drift')
      return told.length > 0 && told
    },
    () => story(api, play.name),
  )
  expect(drift?.text).toContain(`${workers[0]} is not what it was made: memory-mib is 2048, should be 5120`)
  expect(config(play, workers[0]!, 'memory')).toBe('2048')

  // The owner wants it changed back, with the restart that takes.
  await apply(api, [withWorkers(play, { controlPlane: { ...controlPlane, class: 'other' }, drift: 'correct' })])
  await until(
    'it is what it was',
    READY_MS,
    async () => config(play, workers[0]!, 'memory') === '5120' && (await findings('drift')).length === 0,
    () => story(api, play.name),
  )
  await untilReady(api, play.name, READY_MS)
  expect(config(play, workers[0]!, 'onboot')).toBe('1')
  expect(lab.violations()).toEqual([])
}, 300_000)
