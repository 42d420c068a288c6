import { afterEach, describe, expect, test, vi } from 'vitest'
import { aStory, type Story } from './support/first-story.ts'
import { alarmOf, clusterPort, clusterStatusOf, clusterStub, ring, siteStub, until } from './support/relay-world.ts'
import { createScriptedAgent, type ScriptedAgent } from './support/scripted-agent.ts'

const DAY_MS = 24 * 60 * 60_000

afterEach(() => void vi.useRealTimers())

/** From now on it is so much later, for the objects as well; their alarms ring when this test rings them. */
function pass(ms: number): void {
  const now = Date.now() + ms
  vi.useRealTimers()
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true, now })
}

/** Lets frames pass and alarms ring until `done`; `act` is what the agent does between them. */
const play = (agent: ScriptedAgent, story: Story, what: string, done: () => Promise<boolean>, act = () => {}) =>
  until(what, async () => {
    while (agent.hearNext() || agent.sendNext());
    act()
    await ring(clusterStub(story.clusterUid))
    await ring(siteStub(story.siteUid))
    return (await done()) || undefined
  })

const running = (agent: ScriptedAgent) => [...agent.journal].filter(([, { state }]) => state === 'running')
const creations = async ({ clusterUid }: Story) =>
  (await clusterPort(clusterUid).operations({ limit: 100 })).filter((operation) => operation.kind === 'machine.create')
const finishAllBut = (agent: ScriptedAgent, kind: string) => () => {
  for (const [operationId, { offer }] of running(agent)) if (offer.kind !== kind) agent.finish(operationId)
}

describe('an agent that is away for seven days in the middle of a creation', () => {
  test('[S5][O1] what it had accepted is neither given up nor offered to anybody again, and its outcome is taken when it is back', async () => {
    const story = await aStory()
    const { db, clusterUid, siteUid } = story
    const agent = createScriptedAgent({ siteUid, diligent: false })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await agent.connect()
    const underWay = async () =>
      (await creations(story)).filter((operation) => operation.state === 'running').length === 3
    await play(agent, story, 'three creations are accepted', underWay, finishAllBut(agent, 'machine.create'))
    const accepted = (await creations(story)).map(({ operationId }) => operationId).toSorted()

    agent.disconnect()
    const unreported = async () => (await creations(story)).every((operation) => operation.unreported === true)
    await play(agent, story, 'the cluster knows that nobody reports', unreported)
    await until('it waits without an alarm', async () => (await alarmOf(clusterStub(clusterUid))) === null)

    for (let day = 1; day <= 7; day++) {
      pass(DAY_MS)
      // Somebody looks after it every day, which is more than would happen by itself.
      await clusterPort(clusterUid).wake(clusterUid, 0)
      await ring(clusterStub(clusterUid))
    }
    const status = await clusterStatusOf(db, clusterUid)
    expect(status?.waiting.map((hold) => hold.code)).toContain('agent-offline')
    expect(await creations(story)).toMatchObject(
      [...accepted].reverse().map((operationId) => ({ operationId, state: 'running', attempt: 1, unreported: true })),
    )

    for (const [operationId] of running(agent)) agent.finish(operationId)
    await agent.connect()
    const taken = async () => (await creations(story)).every((operation) => operation.state === 'succeeded')
    await play(agent, story, 'the outcomes are taken', taken)
    const done = await creations(story)
    expect(done.map(({ operationId }) => operationId).toSorted()).toEqual(accepted)
    expect(done.map(({ createdAt, finishedAt }) => (finishedAt ?? 0) - createdAt > 7 * DAY_MS)).toEqual([
      true,
      true,
      true,
    ])

    const ready = async () => (await clusterStatusOf(db, clusterUid))?.phase === 'ready'
    await play(agent, story, 'the cluster is ready', ready, finishAllBut(agent, ''))
    expect(new Set(agent.site.effects).size).toBe(agent.site.effects.length)
  })
})
