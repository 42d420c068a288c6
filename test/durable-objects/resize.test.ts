import { expect, test } from 'vitest'
import { aClass } from '../db/builders.ts'
import { aStory, clusterDocument } from './support/first-story.ts'
import {
  alarmOf,
  clusterPort,
  clusterStatusOf,
  clusterStub,
  newUid,
  sitePort,
  until,
  writeDocument,
} from './support/relay-world.ts'
import { play } from './support/run-story.ts'
import { createScriptedAgent } from './support/scripted-agent.ts'

/** A settled cluster whose machines are pointed to other classes: places first, machines after them. */
async function settled() {
  const story = await aStory()
  const { db, clusterUid, siteUid, name } = story
  const agent = createScriptedAgent({ siteUid })
  await clusterPort(clusterUid).wake(clusterUid, 0)
  await agent.connect()
  let generation = 1
  const become = async (spec: Parameters<typeof aClass>[1], phase: string) => {
    generation += 1
    const of = `${name}-${generation}`
    await writeDocument(db, newUid(), aClass(of, spec))
    const document = clusterDocument(name)
    const controlPlane = { ...document.spec.controlPlane, class: of }
    await writeDocument(db, clusterUid, { ...document, spec: { ...document.spec, controlPlane } }, { generation })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await reach(phase)
  }
  const reach = (phase: string) =>
    play(agent, story, 'awake', `phase ${phase}`, async () => {
      const status = await clusterStatusOf(db, clusterUid)
      return status?.phase === phase && status.observedGeneration === generation
    })
  await reach('ready')
  const sizes = async () =>
    (await sitePort(siteUid).ledger(siteUid)).placements.map(({ cpu, memoryMiB, disks }) => [
      cpu,
      memoryMiB / 1024,
      disks[0]?.sizeGiB,
    ])
  const resizes = () => agent.site.effects.filter((effect) => effect.startsWith('machine.resize')).length
  return { ...story, agent, become, sizes, resizes }
}

test('[P20] machines become larger once each, and smaller ones give their place back afterwards', async () => {
  const { become, sizes, resizes, clusterUid } = await settled()
  expect(new Set((await sizes()).map(String))).toEqual(new Set(['4,8,32']))
  await become({ cpu: 8, memory: '16Gi', disks: [{ size: '64Gi' }] }, 'ready')
  expect(await sizes()).toEqual(Array(3).fill([8, 16, 64]))
  expect(resizes()).toBe(3)
  await become({ cpu: 2, memory: '4Gi', disks: [{ size: '64Gi' }] }, 'ready')
  expect(await sizes()).toEqual(Array(3).fill([2, 4, 64]))
  expect(resizes()).toBe(6)
  await until('the object sleeps', async () => (await alarmOf(clusterStub(clusterUid))) === null)
})

test('[P20] what does not fit waits with the arithmetic, and nothing is touched; set back, nothing waits', async () => {
  const { become, sizes, resizes, db, clusterUid } = await settled()
  await become({ memory: '400Gi' }, 'changing')
  const status = await clusterStatusOf(db, clusterUid)
  expect(status?.waiting[0]).toMatchObject({ code: 'growth-refused', facts: { problem: 'no-capacity' } })
  expect(String(status?.waiting[0]?.facts['arithmetic'])).toMatch(/needed 392Gi more$/)
  expect(new Set((await sizes()).map(([, memory]) => memory))).toEqual(new Set([8]))
  await become({}, 'ready')
  expect(resizes()).toBe(0)
})
