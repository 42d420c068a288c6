import { describe, expect, test } from 'vitest'
import type { ClusterDocument } from '#core/model/document.ts'
import { findStatus } from '#db/statuses.ts'
import { anAdopted, aClass, anIsolatedNetwork } from '../db/builders.ts'
import { aStory, clusterDocument, type Story } from './support/first-story.ts'
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
import { createScriptedAgent, type ScriptedAgent } from './support/scripted-agent.ts'

/** Workers on two networks, whose addresses the site gives, and a cluster that is let go with its machines running. */
async function aWideStory(): Promise<Story> {
  const story = await aStory()
  const { db, name } = story
  await writeDocument(db, newUid(), anIsolatedNetwork(`${name}-st`, { site: name }))
  await writeDocument(db, newUid(), aClass(`${name}-w`, { cpu: 2, memory: '4Gi' }))
  return story
}

const withWorkers = (name: string, count: number): ClusterDocument => {
  const document = clusterDocument(name)
  const general = { class: `${name}-w`, count, nics: [name, `${name}-st`] }
  return { ...document, spec: { ...document.spec, workers: { general } } }
}

const untilReady = async (agent: ScriptedAgent, story: Story, generation: number) =>
  await play(agent, story, 'awake', `generation ${generation} is ready`, async () => {
    const status = await clusterStatusOf(story.db, story.clusterUid)
    return status?.phase === 'ready' && status.observedGeneration === generation
  })

async function aRunningCluster(count: number) {
  const story = await aWideStory()
  const { db, clusterUid, siteUid, name } = story
  await writeDocument(db, clusterUid, withWorkers(name, count), { generation: 2 })
  const agent = createScriptedAgent({ siteUid })
  await clusterPort(clusterUid).wake(clusterUid, 0)
  await agent.connect()
  await untilReady(agent, story, 2)
  return { story, agent }
}

const workersOf = async ({ db, clusterUid }: Story) =>
  ((await clusterStatusOf(db, clusterUid))?.machines ?? []).filter(({ role }) => role === 'worker')

describe('workers', () => {
  test('[P4][P6] get an address on each network, come in numbers, and go again', async () => {
    const { story, agent } = await aRunningCluster(2)
    const { db, clusterUid, siteUid, name } = story
    expect((await workersOf(story)).map((worker) => [worker.phase, worker.address])).toEqual([
      ['ready', '192.168.1.20'],
      ['ready', '192.168.1.21'],
    ])
    const { placements } = await sitePort(siteUid).ledger(siteUid)
    const nics = placements.filter(({ role }) => role === 'worker').map((placement) => placement.nics)
    expect(nics.map(([, storage]) => [storage?.bridge, storage?.address])).toEqual(
      expect.arrayContaining([
        ['vmbr1', '172.31.250.1'],
        ['vmbr1', '172.31.250.2'],
      ]),
    )

    await writeDocument(db, clusterUid, withWorkers(name, 0), { generation: 3 })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await untilReady(agent, story, 3)
    expect(await workersOf(story)).toEqual([])
    expect((await sitePort(siteUid).ledger(siteUid)).placements).toHaveLength(3)
    // A change that ends has passed the gate for those that stay.
    const operations = await clusterPort(clusterUid).operations({ limit: 1 })
    expect(operations.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['cluster.check succeeded'])
  })

  test('[P6] are never given the address of a guest that a document names', async () => {
    const story = await aWideStory()
    const { db, siteUid, name } = story
    await writeDocument(db, newUid(), {
      ...anAdopted(`${name}-nas`),
      spec: { ...anAdopted('').spec, site: name, nics: [{ network: name, ip: '192.168.1.20' }] },
    })
    const agent = createScriptedAgent({ siteUid })
    await agent.connect()
    await until('the site is seen', async () => {
      while (agent.hearNext() || agent.sendNext());
      return (await sitePort(siteUid).ledger(siteUid)).seenAt !== undefined
    })
    const answer = await sitePort(siteUid).reserve(siteUid, newUid(), [
      {
        machineId: crypto.randomUUID(),
        name: 'w-0',
        role: 'worker',
        cpu: 2,
        memoryMiB: 4096,
        disks: [{ name: 'talos-system', sizeGiB: 32 }],
        nics: [{ network: name }],
        devices: [],
      },
    ])
    expect(answer.ok && answer.placements[0]?.nics[0]?.address).toBe('192.168.1.21')
  })
})

test('[P7] a cluster that is forgotten goes at once, and its machines run on', async () => {
  const { story, agent } = await aRunningCluster(1)
  const { db, clusterUid, siteUid, name } = story
  const before = agent.site.effects.length
  await writeDocument(db, clusterUid, withWorkers(name, 1), { generation: 3, deletingAt: 1, forgottenAt: 1 })
  await clusterPort(clusterUid).wake(clusterUid, 0)
  await play(agent, story, 'awake', 'it is gone', async () => (await findStatus(db, clusterUid))?.phase === 'gone')
  await until('the object sleeps', async () => (await alarmOf(clusterStub(clusterUid))) === null)
  expect(agent.site.effects.slice(before)).toEqual([])
  expect(agent.site.seen().guests).toHaveLength(4)
  expect((await sitePort(siteUid).ledger(siteUid)).placements).toEqual([])
  await play(agent, story, 'awake', 'nobody watches', () => agent.watches.get(clusterUid)?.machines.length === 0)
})
