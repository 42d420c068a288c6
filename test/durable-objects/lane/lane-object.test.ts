import { runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, test } from 'vitest'
import { CHANNEL_WINDOW_UP } from '#core/lane/limits.ts'
import { encodeFrame } from '#core/protocol/frame.ts'
import { openFrame, readReset } from '#core/protocol/frame-payloads.ts'
import type { LanePort } from '#durable-objects/ports.ts'
import { aMigratedDb, newUid, until } from '../support/relay-world.ts'
import { MODES, sleep } from '../support/run-story.ts'
import { aLaneWorld, listen, upgrade } from './lane-world.ts'

beforeAll(async () => void (await aMigratedDb()))

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function aStream() {
  const world = await aLaneWorld()
  const client = await world.client()
  const agent = await world.agent()
  await client.ready()
  const stream = client.end.open(world.kube)!
  const near = listen(stream)
  const far = listen(await until('the stream is asked for', () => agent.accepted[0]))
  return { world, client, agent, near, far }
}

describe('a lane', () => {
  test.each(MODES)('[L6] carries a stream both ways, $mode', async ({ mode }) => {
    const { world, near, far } = await aStream()
    for (let round = 0; round < 5; round++) {
      near.stream.write(bytes(`up ${round}`))
      far.stream.write(bytes(`down ${round}`))
      await until('both arrive', () => far.texts.length > round && near.texts.length > round)
      // In the middle of a live stream; its sockets stay.
      if (mode === 'hibernating') await sleep(world.stub)
    }
    near.stream.end()
    await until('the end arrives', () => far.ended())
    far.stream.write(bytes('last'))
    far.stream.end()
    await until('the other end arrives', () => near.ended())
    expect(near.texts.at(-1)).toBe('last')
  })

  test('[L6] stores nothing at all', async () => {
    const { world } = await aStream()
    await runInDurableObject(world.stub, async (_object, state) => {
      expect((await state.storage.list()).size).toBe(0)
      expect(await state.storage.getAlarm()).toBeNull()
    })
  })

  test.each(MODES)('[L1] a client cannot speak for another, whatever channel it writes, $mode', async ({ mode }) => {
    const { world, agent, near, far } = await aStream()
    const victim = near.stream
    const thief = await world.client({ subject: 'eve' })
    await thief.ready()
    if (mode === 'hibernating') await sleep(world.stub)
    const { channel } = far.stream
    for (const type of ['data', 'end', 'reset'] as const)
      thief.send(encodeFrame(type, channel, victim.id, type === 'end' ? new Uint8Array(0) : bytes('stolen')))
    thief.send(openFrame(channel, 99, world.kube))
    const own = await until('its own stream is asked for', () => agent.accepted[1])
    expect(own.channel).not.toBe(channel)
    expect([far.texts, far.ended(), far.gone()]).toEqual([[], false, undefined])
    expect(thief.frames.some((frame) => new TextDecoder().decode(frame).includes('stolen'))).toBe(false)
  })

  test.each([
    ['of another cluster', { kind: 'kube' as const, clusterUid: newUid() }],
    ['of a machine of another cluster', { kind: 'talos' as const, clusterUid: newUid(), machine: 'cp-1' }],
    ['of another cluster’s desk', { kind: 'access' as const, clusterUid: newUid() }],
  ])('[L2] a target %s is refused before the agent hears of it', async (_, target) => {
    const { client, agent } = await aStream()
    const stray = listen(client.end.open(target)!)
    await until('it is refused', () => stray.gone() === 'refused')
    expect(agent.accepted).toHaveLength(1)
  })

  test('[L2] a target that is an address is refused', async () => {
    const { world, client, agent } = await aStream()
    client.send(encodeFrame('open', 0, 50, bytes(JSON.stringify({ target: '192.168.1.10:8006' }))))
    const reset = await until('the refusal', () => client.frames.find((frame) => frame[0] === 5))
    expect(readReset(reset.subarray(12)).code).toBe('refused')
    expect(agent.accepted).toHaveLength(1)
    expect(world.nonces()).toHaveLength(1)
  })

  test('[L2] a ticket that has run out opens nothing', async () => {
    const world = await aLaneWorld()
    const client = await world.client({ expiresAt: Date.now() - 1 })
    const agent = await world.agent()
    await client.ready()
    const late = listen(client.end.open(world.kube)!)
    await until('it is refused', () => late.gone() === 'refused')
    expect(agent.accepted).toEqual([])
  })

  test('[L3] who sends more than was granted is closed, and nobody else', async () => {
    const { world, client, agent, near, far } = await aStream()
    const flood = await world.client({ subject: 'eve' })
    await flood.ready()
    agent.hold()
    for (let sent = 0; sent <= CHANNEL_WINDOW_UP + 256 * 1024; sent += 65_536)
      flood.send(encodeFrame('data', 0, 1, new Uint8Array(65_536)))
    await until('it is closed', () => flood.closed() === 4413)
    expect(client.closed()).toBeUndefined()
    near.stream.write(bytes('on'))
    expect(far.gone()).toBeUndefined()
  })

  test.each([
    ['shorter than a header', new Uint8Array(5)],
    ['of an unknown type', new Uint8Array(12).fill(200)],
    ['that only the lane may send', encodeFrame('channel-opened', 1, 0, bytes('{}'))],
    ['that only the agent may send', encodeFrame('opened', 1, 1)],
  ])('[L1] a frame %s closes its sender with 1002, and nobody else', async (_, frame) => {
    const { world, near, far } = await aStream()
    const rude = await world.client()
    await rude.ready()
    rude.send(frame)
    await until('it is closed', () => rude.closed() === 1002)
    near.stream.write(bytes('on'))
    await until('the other goes on', () => far.texts.length === 1)
    expect(far.texts).toEqual(['on'])
  })

  test.each(MODES)(
    '[L6] when the agent goes, its clients are told, and the next one asks anew, $mode',
    async ({ mode }) => {
      const { world, client, agent } = await aStream()
      if (mode === 'hibernating') await sleep(world.stub)
      agent.close()
      await until('the client is told', () => client.closed() === 4503)
      const next = await world.client()
      await until('the agent is asked again', () => world.nonces().length === 2)
      await world.agent()
      await next.ready()
      expect(next.closed()).toBeUndefined()
    },
  )

  test.each(MODES)('[L6] when a client goes, the agent is told, $mode', async ({ mode }) => {
    const { world, client, agent } = await aStream()
    if (mode === 'hibernating') await sleep(world.stub)
    client.close()
    await until('its streams are over', () => agent.end.streamCount === 0)
    expect(agent.end.channelCount).toBe(0)
  })

  test('[L6] nobody opens anything before the agent is there', async () => {
    const world = await aLaneWorld()
    const hasty = await world.client()
    hasty.send(openFrame(0, 1, world.kube))
    await until('it is closed', () => hasty.closed() !== undefined)
    expect(hasty.closed()).toBe(4503)
  })

  test('[L6] an agent that nobody asked, or asked with another number, is not let in', async () => {
    const world = await aLaneWorld()
    const agent = { role: 'agent' as const, siteUid: world.siteUid, agentId: newUid(), nonce: crypto.randomUUID() }
    expect((await upgrade(agent)).status).toBe(409)
    await world.client()
    expect((await upgrade(agent)).status).toBe(409)
  })

  test('a number that was used opens the door no second time', async () => {
    const { world } = await aStream()
    const [nonce = ''] = world.nonces()
    expect((await upgrade({ role: 'agent', siteUid: world.siteUid, agentId: newUid(), nonce })).status).toBe(409)
  })

  test('[L6] without its agent a site says so at once', async () => {
    const siteUid = newUid()
    const response = await upgrade({
      role: 'client',
      siteUid,
      subject: 'ann',
      rights: 'reader',
      clusters: [newUid()],
      source: '',
      expiresAt: Date.now() + 1_000,
    })
    expect([response.status, await response.json()]).toEqual([503, expect.objectContaining({ code: 'agent-away' })])
  })

  test('[L2] a subject that is dismissed is cut, and others go on', async () => {
    const { world, near, far } = await aStream()
    const eve = await world.client({ subject: 'eve' })
    await eve.ready()
    await (world.stub as unknown as LanePort).dismiss('eve')
    await until('eve is cut', () => eve.closed() === 4403)
    near.stream.write(bytes('on'))
    await until('ann goes on', () => far.texts.length === 1)
    expect(far.texts).toEqual(['on'])
  })

  test('[L4] fifty healthy streams go on beside one that is stalled', async () => {
    const { client, agent, near } = await aStream()
    const stalled = listen(client.end.open({ kind: 'kube', clusterUid: near.stream.target.clusterUid })!, true)
    const stalledFar = await until('asked', () => agent.accepted[1])
    listen(stalledFar)
    stalledFar.write(new Uint8Array(4_000_000))
    const healthy = Array.from({ length: 50 }, () => listen(client.end.open(near.stream.target)!))
    await until('all are asked for', () => agent.accepted.length === 52)
    for (const stream of agent.accepted.slice(2)) {
      listen(stream)
      stream.write(new Uint8Array(50_000))
      stream.end()
    }
    await until('all have ended', () => healthy.every((one) => one.ended() && one.byteCount() === 50_000))
    expect(stalled.byteCount()).toBe(256 * 1024)
  })
})
