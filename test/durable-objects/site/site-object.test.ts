import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, test } from 'vitest'
import type { OperationMail } from '#durable-objects/ports.ts'
import { DEAD_AFTER_MS } from '#core/protocol/version.ts'
import { findStatus } from '#db/statuses.ts'
import type { Db } from '#db/open.ts'
import { doorHeaders } from '#durable-objects/door-pass.ts'
import { aStory } from '../support/first-story.ts'
import { aMigratedDb, alarmOf, newUid, ring, sitePort, siteStub, until } from '../support/relay-world.ts'
import { MODES, sleep, type Mode } from '../support/run-story.ts'
import { createScriptedAgent, type ScriptedAgent } from '../support/scripted-agent.ts'

let db: Db
beforeAll(async () => void (db = await aMigratedDb()))

/** Lets frames pass until `done`; in one mode the object sleeps between them. */
async function talk(
  agent: ScriptedAgent,
  siteUid: string,
  mode: Mode,
  what: string,
  done: () => boolean | Promise<boolean>,
) {
  let step = 0
  await until(what, async () => {
    while (agent.hearNext() || agent.sendNext());
    if (mode === 'hibernating' && step++ % 3 === 0) await sleep(siteStub(siteUid))
    return done()
  })
}

async function aSession(mode: Mode = 'awake', siteUid: string = newUid()) {
  const agent = createScriptedAgent({ siteUid, diligent: false })
  await agent.connect()
  await talk(agent, siteUid, mode, 'the session is open', () =>
    agent.heard.some((message) => message.type === 'ops.diff'),
  )
  return { agent, siteUid }
}

function someMail(clusterUid: string, number = 1, changes: Partial<OperationMail> = {}): OperationMail {
  return {
    operationId: `${clusterUid}-${number}`,
    kind: 'machine.start',
    clusterUid,
    clusterFence: 1,
    attempt: 1,
    deadlineMs: 60_000,
    input: { machineId: 'm', name: 'cp-1', host: 'pve-1', vmid: 5000 },
    ...changes,
  }
}

const offersTo = (agent: ScriptedAgent) => agent.heard.filter((message) => message.type === 'op.offer')
const mailOf = (siteUid: string) =>
  runInDurableObject(siteStub(siteUid), (_object, state) => [
    ...state.storage.sql.exec<{ operation_id: string; state: string; told: string }>(
      'SELECT operation_id, state, told FROM mail',
    ),
  ])

describe.each(MODES)('a session ($mode)', ({ mode }) => {
  test('[S1] each accepted hello gets a greater epoch, and the older socket is closed', async () => {
    const { agent, siteUid } = await aSession(mode)
    const second = createScriptedAgent({ siteUid })
    await second.connect()
    await talk(second, siteUid, mode, 'the second session', () => second.epoch > 0)
    expect(second.epoch).toBe(agent.epoch + 1)
    await until('the first socket is closed', () => agent.closed?.code === 4409)
  })

  test('[S1] what an agent without the lease says is not applied', async () => {
    const siteUid = newUid()
    const agent = createScriptedAgent({ siteUid })
    await agent.connect()
    agent.outbox.length = 0
    agent.observe(true)
    agent.say({ type: 'ready', sessionEpoch: 7 })
    await talk(agent, siteUid, mode, 'the frames are through', () => agent.outbox.length === 0)
    expect(await sitePort(siteUid).ledger(siteUid)).toMatchObject({ online: false, seenAt: undefined })
  })

  test('[S2] a journal that knows less than it once confirmed is refused', async () => {
    const { agent, siteUid } = await aSession(mode)
    agent.disconnect()
    await agent.connect({ lastEpoch: 0 })
    await talk(agent, siteUid, mode, 'a reject', () =>
      agent.heard.some((m) => m.type === 'reject' && m.code === 'rolled-back'),
    )
    await until('the socket is closed', () => agent.closed !== undefined)
    expect(agent.closed).toEqual({ code: 4403 })
  })

  test.each([
    { why: 'another protocol', hello: { protocol: { min: 99, max: 100 } }, code: 'upgrade-required', close: 4426 },
    { why: 'another site', hello: { siteUid: newUid() }, code: 'wrong-site', close: 4403 },
  ])('[S2] an agent of $why is refused', async ({ hello, code, close }) => {
    const siteUid = newUid()
    const agent = createScriptedAgent({ siteUid })
    await agent.connect(hello)
    await talk(agent, siteUid, mode, 'a reject', () => agent.heard.some((m) => m.type === 'reject' && m.code === code))
    await until('the socket is closed', () => agent.closed !== undefined)
    expect(agent.closed).toEqual({ code: close })
  })

  test('[S3] an outcome is acknowledged once its cluster has it, and its mail is gone', async () => {
    const { agent, siteUid } = await aSession(mode)
    const clusterUid = newUid()
    await sitePort(siteUid).submit(siteUid, [someMail(clusterUid)])
    await talk(agent, siteUid, mode, 'the offer', () => agent.journal.size === 1)
    agent.finish(`${clusterUid}-1`, { outcome: 'cancelled' })
    await talk(agent, siteUid, mode, 'the ack', () => agent.journal.size === 0)
    expect(await mailOf(siteUid)).toEqual([])
    await until('the site sleeps', async () => (await alarmOf(siteStub(siteUid))) === null)
  })

  test('[S4] an offer that is not accepted in time is made again with the same attempt', async () => {
    const { agent, siteUid } = await aSession(mode)
    const clusterUid = newUid()
    await sitePort(siteUid).submit(siteUid, [someMail(clusterUid)])
    await until('the offer', () => agent.inbox.length > 0)
    // The offer is lost on its way.
    agent.inbox.length = 0
    const armed = (await alarmOf(siteStub(siteUid))) ?? 0
    expect(armed).toBeGreaterThan(Date.now() + 25_000)
    await runInDurableObject(siteStub(siteUid), (_object, state) => {
      state.storage.sql.exec('UPDATE mail SET offered_at = offered_at - 30000')
    })
    await ring(siteStub(siteUid))
    await talk(agent, siteUid, mode, 'the second offer', () => agent.journal.size === 1)
    expect(offersTo(agent).map((offer) => offer.attempt)).toEqual([1])
  })

  test('[S5] unaccepted offers come back when the agent goes; accepted ones stay with it, out of sight', async () => {
    const { agent, siteUid } = await aSession(mode, (await aStory()).siteUid)
    const clusterUid = newUid()
    await sitePort(siteUid).submit(siteUid, [someMail(clusterUid, 1)])
    await talk(agent, siteUid, mode, 'the offer', () => agent.journal.size === 1)
    await until('it is accepted', async () => (await mailOf(siteUid))[0]?.told === 'accepted')
    await sitePort(siteUid).submit(siteUid, [someMail(clusterUid, 2)])
    agent.disconnect()
    await until('both are told', async () => {
      const mail = await mailOf(siteUid)
      return mail[0]?.told === 'unreported' && mail[1]?.state === 'queued' && mail[1].told === 'queued'
    })
    expect((await sitePort(siteUid).seen(siteUid, clusterUid)).agent.online).toBe(false)
    expect((await findStatus(db, siteUid))?.phase).toBe('offline')

    await agent.connect()
    await talk(agent, siteUid, mode, 'both are there', () => agent.journal.size === 2)
    expect(offersTo(agent).map((offer) => offer.operationId)).toEqual([`${clusterUid}-1`, `${clusterUid}-2`])
  })

  test('[S5] what the agent has lost is offered again; what it finished out of sight is asked for', async () => {
    const { agent, siteUid } = await aSession(mode)
    const clusterUid = newUid()
    await sitePort(siteUid).submit(siteUid, [someMail(clusterUid, 1), someMail(clusterUid, 2)])
    await talk(agent, siteUid, mode, 'the offers', () => agent.journal.size === 2 && agent.outbox.length === 0)
    agent.disconnect()
    agent.finish(`${clusterUid}-1`, { outcome: 'cancelled' })
    ;(agent.journal as Map<string, unknown>).delete(`${clusterUid}-2`)
    await agent.connect()
    await talk(
      agent,
      siteUid,
      mode,
      'one is done and one is back',
      () => agent.journal.size === 1 && agent.journal.has(`${clusterUid}-2`),
    )
    expect(offersTo(agent).filter((offer) => offer.operationId.endsWith('-2'))).toHaveLength(2)
  })

  test('[S6] rows that are not in a full copy are gone, whatever parts it came in', async () => {
    const { agent, siteUid } = await aSession(mode)
    const hosts = (name: string) => ({
      put: [{ name, online: true, threads: 4, memoryMiB: 4096, version: '9' }],
      gone: [],
    })
    agent.say({ type: 'site.seen', full: true, part: 0, last: false, hosts: hosts('pve-a') })
    agent.say({ type: 'site.seen', full: true, part: 1, last: true, hosts: hosts('pve-b') })
    const names = async () => (await sitePort(siteUid).ledger(siteUid)).seen.hosts.map((host) => host.name).toSorted()
    await talk(agent, siteUid, mode, 'the first host is gone', async () => (await names()).join() === 'pve-a,pve-b')
    agent.say({ type: 'site.seen', full: false, part: 0, last: true, hosts: { put: [], gone: ['pve-a'] } })
    await talk(agent, siteUid, mode, 'the delta is through', async () => (await names()).length === 1)
    expect(await names()).toEqual(['pve-b'])
  })

  test('[S6] what keeps the agent from the hypervisor is told to its clusters, until a look goes well or another leads', async () => {
    const { agent, siteUid } = await aSession(mode)
    const trouble = async () => (await sitePort(siteUid).seen(siteUid, newUid())).agent.trouble
    agent.say({ type: 'site.trouble', text: 'The API token of Proxmox was refused.' })
    await talk(agent, siteUid, mode, 'the trouble is known', async () => (await trouble()) !== undefined)
    expect(await trouble()).toBe('The API token of Proxmox was refused.')
    agent.say({ type: 'site.trouble', text: null })
    await talk(agent, siteUid, mode, 'the trouble is over', async () => (await trouble()) === undefined)
    agent.say({ type: 'site.trouble', text: 'It does not answer.' })
    await talk(agent, siteUid, mode, 'there is trouble again', async () => (await trouble()) !== undefined)
    await agent.connect()
    await talk(agent, siteUid, mode, 'a new session begins without', async () => (await trouble()) === undefined)
  })

  test('[S7] an idle site has no alarm, and an observation that changes nothing writes no row of it', async () => {
    const { agent, siteUid } = await aSession(mode)
    await until('the site sleeps', async () => (await alarmOf(siteStub(siteUid))) === null)
    const rows = () =>
      runInDurableObject(siteStub(siteUid), (_object, state) =>
        JSON.stringify([...state.storage.sql.exec('SELECT * FROM seen')]),
      )
    const before = await rows()
    agent.observe(true)
    await talk(agent, siteUid, mode, 'the frames are through', () => agent.outbox.length === 0)
    expect(await rows()).toBe(before)
    expect(await alarmOf(siteStub(siteUid))).toBeNull()
  })

  test('what the agent shall watch is sent at once, after each reconnect, and taken back when the cluster is gone', async () => {
    const { agent, siteUid } = await aSession(mode)
    const clusterUid = newUid()
    const machine = {
      machineId: crypto.randomUUID(),
      name: 'cp-1',
      role: 'controlplane' as const,
      address: '192.168.1.51',
      host: 'pve-1',
      vmid: 5000,
    }
    const watch = {
      type: 'watch.put' as const,
      clusterUid,
      clusterName: 'home',
      vip: '192.168.1.50',
      secretsVersion: 0,
      machines: [machine],
    }
    await sitePort(siteUid).watch(siteUid, watch)
    await talk(agent, siteUid, mode, 'the watch', () => agent.watches.has(clusterUid))
    agent.disconnect()
    await sitePort(siteUid).watch(siteUid, { ...watch, machines: [] })
    await agent.connect()
    await talk(
      agent,
      siteUid,
      mode,
      'another watch',
      () => agent.heard.filter((m) => m.type === 'watch.put').length > 1,
    )
    expect(agent.watches.get(clusterUid)?.machines).toEqual([])
  })
})

describe('a site', () => {
  test('[S9] a token opens the door once', async () => {
    const siteUid = newUid()
    const pass = { agentId: 'agent', siteUid, jti: crypto.randomUUID(), expiresAt: Date.now() + 60_000 }
    const knock = () =>
      siteStub(siteUid).fetch('https://relay.example/', { headers: { Upgrade: 'websocket', ...doorHeaders(pass) } })
    const first = await knock()
    first.webSocket?.accept()
    expect(first.status).toBe(101)
    expect((await knock()).status).toBe(401)
  })

  test('a request that did not come through the relay gets nowhere', async () => {
    expect(
      (await siteStub(newUid()).fetch('https://relay.example/', { headers: { Upgrade: 'websocket' } })).status,
    ).toBe(401)
  })

  test('[S4] mail is kept once, however often it is submitted, and takes a newer fence before it is accepted', async () => {
    const siteUid = newUid()
    const mail = someMail(newUid())
    for (let i = 0; i < 3; i++) await sitePort(siteUid).submit(siteUid, [mail])
    await sitePort(siteUid).submit(siteUid, [{ ...mail, clusterFence: 2 }])
    const agent = createScriptedAgent({ siteUid, diligent: false })
    await agent.connect()
    await talk(agent, siteUid, 'awake', 'the offer', () => agent.journal.size === 1)
    expect(offersTo(agent)).toMatchObject([{ clusterFence: 2 }])
  })

  test('[S4] mail that nobody was offered is cancelled at once', async () => {
    const siteUid = newUid()
    const mail = someMail(newUid())
    await sitePort(siteUid).submit(siteUid, [mail])
    await sitePort(siteUid).cancel(siteUid, [mail.operationId])
    expect(await mailOf(siteUid)).toEqual([])
  })

  test('[S23] an agent that stopped pinging counts as away when someone asks', async () => {
    const { siteUid } = await aSession()
    await runInDurableObject(siteStub(siteUid), (_object, state) => {
      for (const socket of state.getWebSockets('agent')) {
        const attachment = socket.deserializeAttachment() as { openedAt: number }
        socket.serializeAttachment({ ...attachment, openedAt: Date.now() - DEAD_AFTER_MS - 1_000 })
      }
    })
    expect((await sitePort(siteUid).seen(siteUid, newUid())).agent.online).toBe(false)
  })

  test('[S5] a reset that cuts the socket without a word is noticed when someone asks', async () => {
    const { agent, siteUid } = await aSession()
    const clusterUid = newUid()
    await sitePort(siteUid).submit(siteUid, [someMail(clusterUid)])
    await talk(agent, siteUid, 'awake', 'the offer', () => agent.journal.size === 1)
    await until('it is accepted', async () => (await mailOf(siteUid))[0]?.told === 'accepted')
    await evictDurableObject(siteStub(siteUid), { webSockets: 'close' })
    expect((await sitePort(siteUid).seen(siteUid, clusterUid)).agent.online).toBe(false)
    await until('its cluster knows', async () => (await mailOf(siteUid))[0]?.told === 'unreported')
    await agent.connect()
    await talk(
      agent,
      siteUid,
      'awake',
      'it is back in sight',
      async () => (await mailOf(siteUid))[0]?.told === 'accepted',
    )
  })

  test('a revoked agent is cut off', async () => {
    const { agent, siteUid } = await aSession()
    await sitePort(siteUid).dismiss(siteUid)
    await until('the socket is closed', () => agent.closed !== undefined)
    expect(agent.closed).toEqual({ code: 4403 })
  })

  test('a sealed bundle is given only for a cluster of the site', async () => {
    const { agent, siteUid } = await aSession()
    agent.say({ type: 'secrets.get', clusterUid: newUid(), version: 1 })
    await talk(agent, siteUid, 'awake', 'the answer', () => agent.heard.some((m) => m.type === 'secrets.put'))
    expect(agent.heard.find((m) => m.type === 'secrets.put')).not.toHaveProperty('ciphertext')
  })

  test('a message that is not understood is answered, and nothing else happens', async () => {
    const { agent, siteUid } = await aSession()
    agent.say({ type: 'op.dance' } as never)
    await talk(agent, siteUid, 'awake', 'the answer', () => agent.heard.some((m) => m.type === 'unsupported'))
    expect(agent.heard.at(-1)).toMatchObject({ type: 'unsupported', of: 'op.dance' })
  })
})
