import { describe, expect, test } from 'vitest'
import { MAX_EVENTS, MAX_FOLLOWERS, type ClusterEvent } from '#core/model/event.ts'
import type { Operation } from '#core/model/operation.ts'
import { ClusterStore } from '#durable-objects/cluster/store.ts'
import { operationEvent } from '#durable-objects/cluster/operation-events.ts'
import { Progress } from '#durable-objects/cluster/progress.ts'
import { runInDurableObject } from 'cloudflare:test'
import { aStory, clusterDocument } from '../support/first-story.ts'
import { aMigratedDb, clusterPort, clusterStub, newUid, until, writeDocument } from '../support/relay-world.ts'
import { MODES, play, sleep } from '../support/run-story.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

const URL = 'https://relay.example/events'

/** A follower's socket and what it has heard. */
async function follow(clusterUid: string, after?: number | 'now') {
  const url = after === undefined ? URL : `${URL}?after=${after}`
  const response = await clusterStub(clusterUid).fetch(url, { headers: { Upgrade: 'websocket' } })
  const heard: ClusterEvent[] = []
  response.webSocket?.accept()
  response.webSocket?.addEventListener(
    'message',
    (event) => void heard.push(JSON.parse(String(event.data)) as ClusterEvent),
  )
  return { response, heard, socket: response.webSocket }
}

describe.each(MODES)('followers by WebSocket ($mode)', ({ mode }) => {
  test('[C10] hear the kept events after their number and then every new one, without a gap', async () => {
    const story = await aStory()
    const { clusterUid, siteUid } = story
    await clusterPort(clusterUid).wake(clusterUid, 0)
    const first = await follow(clusterUid)
    await until('the first events', () => first.heard.length > 0)
    if (mode === 'hibernating') await sleep(clusterStub(clusterUid))
    const agent = createScriptedAgent({ siteUid })
    await agent.connect()
    await play(agent, story, mode, 'the cluster has settled', () =>
      first.heard.some((event) => event.type === 'settled'),
    )
    const kept = first.heard.filter((event) => event.seq !== undefined)
    expect(kept.map((event) => event.seq)).toEqual(kept.map((_, index) => index + 1))

    const late = await follow(clusterUid, 3)
    await until('the replay', () => late.heard.some((event) => event.type === 'settled'))
    expect(late.heard.slice(0, kept.length - 3)).toEqual(kept.slice(3))
  })
})

describe('followers', () => {
  test('[C10] by server-sent events hear the same, with ids and a retry time', async () => {
    const { clusterUid } = await aStory()
    await clusterPort(clusterUid).wake(clusterUid, 0)
    const socket = await follow(clusterUid)
    await until('events', () => socket.heard.length > 2)
    const response = await clusterStub(clusterUid).fetch(URL, { headers: { 'Last-Event-ID': '1' } })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('id: 3')) text += new TextDecoder().decode((await reader.read()).value)
    await reader.cancel()
    expect(text).toContain('retry: ')
    expect(text).not.toContain('id: 1\n')
    expect(text).toContain(`data: ${JSON.stringify(socket.heard[1])}`)
  })

  test('[C10] who come for what is to come hear nothing of what was', async () => {
    const { clusterUid } = await aStory()
    await clusterPort(clusterUid).wake(clusterUid, 0)
    const first = await follow(clusterUid)
    await until('events', () => first.heard.length > 2)
    const late = await follow(clusterUid, 'now')
    const before = first.heard.length
    await writeDocument(await aMigratedDb(), clusterUid, clusterDocument('elsewhere'), { generation: 2, deletingAt: 1 })
    await clusterPort(clusterUid).wake(clusterUid, 0)
    await until('the next event', () => late.heard.length > 0)
    expect(late.heard[0]).toEqual(first.heard[before])
  })

  test('[C10] who come back go on after the last event they heard, whatever they asked for first', async () => {
    const { clusterUid } = await aStory()
    await clusterPort(clusterUid).wake(clusterUid, 0)
    const socket = await follow(clusterUid)
    await until('events', () => socket.heard.length > 2)
    const response = await clusterStub(clusterUid).fetch(`${URL}?after=now`, { headers: { 'Last-Event-ID': '1' } })
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('id: 2\n')) text += new TextDecoder().decode((await reader.read()).value)
    await reader.cancel()
    expect(text).not.toContain('id: 1\n')
  })

  test(`[C10] are at most ${MAX_FOLLOWERS}`, async () => {
    const uid = newUid()
    const followers = await Promise.all(Array.from({ length: MAX_FOLLOWERS }, () => follow(uid)))
    const refused = await follow(uid)
    expect(refused.response.status).toBe(429)
    expect(await refused.response.json()).toMatchObject({ code: 'too-many-followers' })
    followers[0]!.socket!.close(1000, 'enough')
    await until('a free place', async () => (await follow(uid)).response.status === 101)
  })

  test('[C10] by server-sent events make room for the next one, oldest first, because not every leaving is noticed', async () => {
    const stub = clusterStub(newUid())
    const open = async () => (await stub.fetch(URL)).body!.getReader()
    // One after the other: of calls made at once, any may be the oldest.
    const readers = [await open()]
    while (readers.length < MAX_FOLLOWERS) readers.push(await open())
    expect((await stub.fetch(URL)).status).toBe(200)
    const [first, second] = readers
    await first!.read()
    expect((await first!.read()).done).toBe(true)
    await second!.read()
    await Promise.all(readers.map((reader) => reader.cancel()))
  })

  test('are told when what they ask makes no sense', async () => {
    const response = await clusterStub(newUid()).fetch(`${URL}?after=yesterday`)
    expect(response.status).toBe(400)
  })
})

describe('events', () => {
  test(`[C10] are kept to the last ${MAX_EVENTS}`, async () => {
    await runInDurableObject(clusterStub(newUid()), (_object, state) => {
      const { events } = new ClusterStore(state.storage)
      const line: ClusterEvent = { at: 1, type: 'phase', subject: 'home', text: 'x', facts: {} }
      for (let i = 0; i < 5; i++) events.append(Array.from({ length: 500 }, () => line))
      const kept = events.after(0)
      expect(kept).toHaveLength(MAX_EVENTS)
      expect(kept[0]?.seq).toBe(501)
      expect([...state.storage.sql.exec('SELECT COUNT(*) AS n FROM events')]).toEqual([{ n: MAX_EVENTS }])
    })
  })
})

describe('the line of an operation', () => {
  const check = {
    operationId: 'c-2',
    kind: 'cluster.check',
    subject: '0c000000000000000001',
    input: {},
    state: 'running',
  }

  test('about the cluster itself calls it by its name', () => {
    const [event] = operationEvent(check as unknown as Operation, 1, 'home')
    expect([event?.subject, event?.text]).toEqual(['home', 'home: cluster.check started'])
  })
})

describe('progress', () => {
  const operation = {
    operationId: 'c-1',
    kind: 'machine.start',
    subject: 'm',
    input: { name: 'cp-1' },
    state: 'running',
  } as unknown as Operation
  const at = (ms: number, step: string) => ({ type: 'progress' as const, operationId: 'c-1', attempt: 1, at: ms, step })

  test('[C10] is told at most once in 2 s per operation, and the last value is shown', () => {
    const progress = new Progress()
    expect(progress.note(operation, at(0, 'one'), 'home')?.text).toContain('one')
    expect(progress.note(operation, at(1_999, 'two'), 'home')).toBeUndefined()
    expect(progress.show(operation).step).toBe('two')
    expect(progress.note(operation, at(2_000, 'three'), 'home')?.text).toContain('three')
  })
})
