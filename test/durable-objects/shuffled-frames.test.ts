import { describe, expect, test } from 'vitest'
import { seededRandom, type Random } from '../support/random.ts'
import { aStory } from './support/first-story.ts'
import { clusterPort, clusterStatusOf, clusterStub, ring, siteStub } from './support/relay-world.ts'
import { MODES, play, sleep } from './support/run-story.ts'
import { createScriptedAgent, type ScriptedAgent } from './support/scripted-agent.ts'

/**
 * The socket at its worst: frames are dropped, doubled, held back and swapped in both directions, connections end at any
 * moment, alarms ring early, objects sleep. Then the line is good again, and the story must end as if nothing had
 * happened. Bad seeds stay in the list.
 */
const SEEDS = [1, 2, 3]
const STEPS = 100

/** One mishap to the frames that wait in one direction. */
function disturb(queue: string[], random: Random): void {
  if (queue.length === 0) return
  const at = random.int(queue.length)
  const frame = queue[at]!
  if (random.chance(0.15)) queue.splice(at, 1)
  else if (random.chance(0.3)) queue.splice(random.int(queue.length + 1), 0, frame)
  else if (random.chance(0.5)) {
    queue.splice(at, 1)
    queue.splice(random.int(queue.length + 1), 0, frame)
  }
}

async function step(agent: ScriptedAgent, random: Random): Promise<void> {
  if (random.chance(0.4)) disturb(agent.inbox, random)
  if (random.chance(0.4)) disturb(agent.outbox, random)
  if (random.chance(0.6)) agent.hearNext()
  if (random.chance(0.6)) agent.sendNext()
  if (random.chance(0.04)) {
    agent.disconnect()
    await agent.connect()
  }
  await new Promise((resolve) => setTimeout(resolve, random.int(3)))
}

describe.each(MODES)('frames in any order ($mode)', ({ mode }) => {
  test.each(SEEDS)('[S3][S4][S5][C4] nothing is done twice and nothing is lost, seed %i', async (seed) => {
    const random = seededRandom(seed)
    const story = await aStory()
    const { db, clusterUid, siteUid } = story
    const agent = createScriptedAgent({ siteUid })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await agent.connect()
    for (let i = 0; i < STEPS; i++) {
      await step(agent, random)
      if (random.chance(0.1)) await ring(clusterStub(clusterUid))
      if (random.chance(0.1)) await ring(siteStub(siteUid))
      if (mode === 'hibernating' && random.chance(0.1)) await sleep(siteStub(siteUid))
      if (mode === 'hibernating' && random.chance(0.05)) await sleep(clusterStub(clusterUid))
    }
    agent.disconnect()
    await agent.connect()
    const isReady = async () => (await clusterStatusOf(db, clusterUid))?.phase === 'ready'
    await play(agent, story, mode, `the cluster is ready, seed ${seed}`, isReady)
    await play(
      agent,
      story,
      mode,
      `the agent is told to forget everything, seed ${seed}`,
      () => agent.journal.size === 0,
    )

    expect(agent.site.effects.toSorted()).toEqual([...new Set(agent.site.effects)].toSorted())
    const operations = await clusterPort(clusterUid).operations({ limit: 100 })
    expect(operations.filter((operation) => operation.attempt > 1)).toEqual([])
    expect(operations.filter((operation) => operation.state !== 'succeeded')).toEqual([])
  })
})
