import { expect, test } from 'vitest'
import type { OperationInput } from '#core/model/operation.ts'
import { aStory, clusterDocument } from '../support/first-story.ts'
import { clusterPort, clusterStatusOf, writeDocument } from '../support/relay-world.ts'
import { play } from '../support/run-story.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

test('[C11] a cluster keeps the contract of its first plan when its Talos gets newer, through every operation', async () => {
  const story = await aStory()
  const { db, clusterUid, siteUid, name } = story
  const agent = createScriptedAgent({ siteUid })
  await clusterPort(clusterUid).wake(clusterUid, 0)
  await play(agent, story, 'awake', 'the first plan', async () => {
    return (await clusterStatusOf(db, clusterUid))?.talosContract === '1.13'
  })

  const document = clusterDocument(name)
  const patches = [{ machine: { env: { A: 'b' } } }]
  const spec = { ...document.spec, talos: { ...document.spec.talos, version: 'v1.14.0', patches } }
  await writeDocument(db, clusterUid, { ...document, spec }, { generation: 2 })
  await agent.connect()
  await clusterPort(clusterUid).wake(clusterUid, 0)
  await play(agent, story, 'hibernating', 'the cluster is ready', async () => {
    const status = await clusterStatusOf(db, clusterUid)
    return status?.phase === 'ready' && status.observedGeneration === 2
  })

  const operations = await clusterPort(clusterUid).operations({ limit: 100 })
  const configured = operations
    .filter(({ kind }) => kind === 'machine.configure')
    .map(({ input }) => (input as OperationInput<'machine.configure'>).intent)
  expect(configured.length).toBeGreaterThanOrEqual(3)
  for (const { contract, talosVersion, settings } of configured)
    expect([contract, talosVersion, settings?.patches?.cluster]).toEqual(['1.13', 'v1.14.0', patches])
  expect(operations.find(({ kind }) => kind === 'secrets.create')?.input).toMatchObject({ contract: '1.13' })
  expect((await clusterStatusOf(db, clusterUid))?.talosContract).toBe('1.13')
})
