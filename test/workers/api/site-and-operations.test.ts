import { beforeAll, describe, expect, test } from 'vitest'
import { hashOf } from '#core/base/canonical-json.ts'
import { enrolAgent, findAgent } from '#db/agents.ts'
import { openDb } from '#db/open.ts'
import { aClass, aCluster, aNetwork, aSite, aUid } from '../../db/builders.ts'
import { call, callsOf, env, given, letAnswer, migrate, ORIGIN, send, TOKEN, type ProblemBody } from './client.ts'

let uids: Record<string, string>
let clusterUid: string
let siteUid: string

beforeAll(async () => {
  await migrate()
  uids = await given([aSite('home'), aNetwork('lan'), aClass('cp-small'), aCluster('home')])
  clusterUid = uids['Cluster/home']!
  siteUid = uids['Site/home']!
})

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const enrolled = async () => {
  const { body } = await call<{ token: string }>('POST', '/v1/sites/home/join-tokens')
  const id = aUid()
  const agent = {
    id,
    identityKey: 'k'.repeat(43),
    ageRecipient: 'age1x',
    fingerprint: hashOf(id),
    hostname: 'agent-vm',
    version: '0.1.0',
  }
  const tokenHash = await sha256(body.token)
  expect(await enrolAgent(openDb(env.DB), { tokenHash, agent, at: Date.now(), requestId: 'r' })).toBeDefined()
  return agent
}

describe('agents', () => {
  test('a join token is shown once, lasts an hour, and is stored as its hash only', async () => {
    const { status, body } = await call<{ token: string; expiresAt: string; relayUrl: string }>(
      'POST',
      '/v1/sites/home/join-tokens',
    )
    expect(status).toBe(201)
    expect(body.token).toMatch(/^lanjoin_[A-Za-z0-9_-]{43}$/)
    expect(body.relayUrl).toBe(ORIGIN)
    const lifeMs = Date.parse(body.expiresAt) - Date.now()
    expect(lifeMs).toBeGreaterThan(3_590_000)
    expect(lifeMs).toBeLessThanOrEqual(3_600_000)
    const rows = JSON.stringify((await env.DB.prepare('select * from join_tokens').all()).results)
    expect(rows).toContain(await sha256(body.token))
    expect(rows).not.toContain(body.token)
    expect(JSON.stringify((await call('GET', '/v1/audit')).body)).not.toContain(body.token)
  })

  test('enrolled agents are listed; a revoked one loses its socket at once and stays listed', async () => {
    const agent = await enrolled()
    const list = await call<{ items: Record<string, unknown>[] }>('GET', '/v1/sites/home/agents')
    expect(list.body.items).toContainEqual({
      agentId: agent.id,
      fingerprint: agent.fingerprint,
      hostname: 'agent-vm',
      version: '0.1.0',
      identityKey: agent.identityKey,
      ageRecipient: 'age1x',
      enrolledAt: expect.any(String),
      state: 'pending',
    })
    const revoked = await call('DELETE', `/v1/sites/home/agents/${agent.id}`)
    expect([revoked.status, revoked.body]).toMatchObject([200, { agentId: agent.id, revokedAt: expect.any(String) }])
    expect((await callsOf('SITE', siteUid)).at(-1)).toEqual({ method: 'dismiss', args: [siteUid, agent.id] })
    expect((await findAgent(openDb(env.DB), agent.id))?.revokedAt).toBeTypeOf('number')
  })

  test('join tokens are named, listed without themselves, and taken back; one that approves says so', async () => {
    const made = await call<{ token: string; id: string; expiresAt: string }>('POST', '/v1/sites/home/join-tokens', {
      body: { name: 'spare', ttlMinutes: 5, approve: true },
    })
    expect(Date.parse(made.body.expiresAt) - Date.now()).toBeLessThanOrEqual(300_000)
    const list = await call<{ items: { id: string }[] }>('GET', '/v1/sites/home/join-tokens')
    const { id } = made.body
    expect(list.body.items).toContainEqual({
      id,
      name: 'spare',
      approve: true,
      createdAt: expect.any(String),
      expiresAt: made.body.expiresAt,
    })
    expect(JSON.stringify(list.body)).not.toContain(made.body.token)
    expect((await call('DELETE', `/v1/sites/home/join-tokens/${id}`)).status).toBe(200)
    expect((await call('DELETE', `/v1/sites/home/join-tokens/${id}`)).status).toBe(404)
    const agent = {
      id: aUid(),
      identityKey: 'k'.repeat(43),
      ageRecipient: 'a',
      fingerprint: 'f',
      hostname: 'h',
      version: '1',
    }
    const use = { tokenHash: await sha256(made.body.token), agent, at: Date.now(), requestId: 'r' }
    expect(await enrolAgent(openDb(env.DB), use)).toBeUndefined()
    for (const body of [{ ttlMinutes: 61 }, { ttlMinutes: 0 }, { name: 'No Name' }, { aprove: true }])
      expect((await call('POST', '/v1/sites/home/join-tokens', { body })).status).toBe(422)
  })

  test('a pending agent is approved only by its own fingerprint, and audited; a rejected one is dismissed', async () => {
    const [good, bad] = [await enrolled(), await enrolled()]
    const path = (id: string, decision: string) => `/v1/sites/home/agents/${id}/${decision}`
    const wrong = await call('POST', path(good.id, 'approve'), { body: { fingerprint: bad.fingerprint } })
    expect([wrong.status, wrong.body['code']]).toEqual([409, 'fingerprint-differs'])
    expect((await findAgent(openDb(env.DB), good.id))?.approvedAt).toBeUndefined()
    const approved = await call('POST', path(good.id, 'approve'), { body: { fingerprint: good.fingerprint } })
    expect(approved.body).toMatchObject({ state: 'approved', approvedAt: expect.any(String) })
    const again = await call('POST', path(good.id, 'approve'), { body: { fingerprint: good.fingerprint } })
    expect(again.body).toEqual(approved.body)
    const rejected = await call('POST', path(bad.id, 'reject'), { body: { fingerprint: bad.fingerprint } })
    expect(rejected.body).toMatchObject({ state: 'revoked' })
    expect((await callsOf('SITE', siteUid)).at(-1)).toEqual({ method: 'dismiss', args: [siteUid, bad.id] })
    const late = await call('POST', path(bad.id, 'approve'), { body: { fingerprint: bad.fingerprint } })
    expect(late.status).toBe(404)
    const audit = await call<{ items: { action: string; facts: { agentId?: string } }[] }>('GET', '/v1/audit')
    const decisions = audit.body.items.filter(({ facts }) => [good.id, bad.id].includes(facts.agentId ?? ''))
    expect(decisions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['agent.approved', 'agent.rejected', 'agent.enrolled']),
    )
  })

  test('an agent of another site, or of none, is not found', async () => {
    await given([aSite('other')])
    const agent = await enrolled()
    expect((await call('DELETE', `/v1/sites/other/agents/${agent.id}`)).status).toBe(404)
    expect((await call('DELETE', `/v1/sites/home/agents/${aUid()}`)).status).toBe(404)
    expect((await call('DELETE', '/v1/sites/home/agents/not-a-uid')).status).toBe(400)
    for (const path of ['/v1/sites/none/agents', '/v1/sites/none/capacity'])
      expect((await call('GET', path)).status).toBe(404)
    expect((await call('POST', '/v1/sites/none/join-tokens')).status).toBe(404)
  })
})

describe('capacity', () => {
  test('shows the arithmetic of hosts that were seen, and names those that were not', async () => {
    expect((await call('GET', '/v1/sites/home/capacity')).body).toEqual({
      hosts: [],
      adopted: [],
      unseen: ['pve-1'],
      online: false,
    })
    const seen = {
      hosts: [{ name: 'pve-1', online: true, threads: 8, memoryMiB: 32768, version: '9' }],
      storages: [],
      bridges: [],
      guests: [],
      machines: [],
      nodes: [],
    }
    await letAnswer('SITE', siteUid, { ledger: { placements: [], seen, seenAt: 86_400_000, online: true } })
    expect((await call('GET', '/v1/sites/home/capacity')).body).toMatchObject({
      hosts: [{ host: 'pve-1', online: true, cpu: { physical: 8, free: 8 }, memoryMiB: { host: 4096, free: 28672 } }],
      unseen: [],
      online: true,
      seenAt: '1970-01-02T00:00:00.000Z',
    })
  })
})

describe('operations', () => {
  const anOperation = (n: number, extra: object = {}) => ({
    operationId: `${clusterUid}-${n}`,
    kind: 'machine.start',
    subject: 'm',
    key: 'k',
    input: { machineId: 'm', name: 'cp-1', host: 'pve-1', vmid: 5000 },
    state: 'failed',
    attempt: 5,
    createdAt: 1,
    retryable: false,
    ...extra,
  })

  test('are listed newest first in pages, and say which of them wait for a person', async () => {
    const stuck = anOperation(3, { retryable: true })
    await letAnswer('CLUSTER', clusterUid, { operations: [stuck, anOperation(2)] })
    const { body, headers } = await call<{ items: unknown[]; nextCursor: string }>(
      'GET',
      '/v1/operations?cluster=home&limit=1',
    )
    expect(body.items).toEqual([{ ...stuck, cluster: 'home' }])
    expect(headers.get('Link')).toContain('rel="next"')
    await letAnswer('CLUSTER', clusterUid, { operations: [anOperation(2)] })
    const second = await call('GET', `/v1/operations?cluster=home&limit=1&cursor=${body.nextCursor}`)
    expect(second.body).toEqual({ items: [{ ...anOperation(2), cluster: 'home' }] })
    expect((await callsOf('CLUSTER', clusterUid)).at(-1)).toEqual({
      method: 'operations',
      args: [{ limit: 2, before: 3 }],
    })
  })

  test('a cluster that is named must exist, and a cursor must be one of this list', async () => {
    expect((await call('GET', '/v1/operations?cluster=none')).status).toBe(404)
    expect((await call('GET', `/v1/operations?cursor=${btoa('after 7')}`)).status).toBe(400)
    expect((await call('GET', `/v1/operations?cluster=home&cursor=${btoa('after other/7')}`)).status).toBe(400)
  })

  test('without a cluster, those of all come cluster by cluster, page by page, each of them once', async () => {
    const at = (n: number) => ({
      endpoint: { vip: `192.168.1.${n}` },
      controlPlane: { class: 'cp-small', schedulable: true, machines: { [`m-${n}`]: `192.168.1.${n + 1}` } },
    })
    const made = await given([aCluster('attic', at(60)), aCluster('barn', at(70))])
    const barn = made['Cluster/barn']!
    for (const uid of [made['Cluster/attic']!, barn]) {
      const items = [2, 1].map((n) => anOperation(n, { operationId: `${uid}-${n}` }))
      await letAnswer('CLUSTER', uid, { operations: items })
    }
    await letAnswer('CLUSTER', clusterUid, { operations: [] })
    const whole = await call<{ items: { cluster: string; operationId: string }[] }>('GET', '/v1/operations')
    expect(whole.body.items.map(({ cluster, operationId }) => `${cluster} ${operationId.split('-')[1]}`)).toEqual([
      'attic 2',
      'attic 1',
      'barn 2',
      'barn 1',
    ])
    const first = await call<{ items: unknown[]; nextCursor: string }>('GET', '/v1/operations?limit=3')
    expect(first.body.items).toEqual(whole.body.items.slice(0, 3))
    await letAnswer('CLUSTER', barn, { operations: [anOperation(1, { operationId: `${barn}-1` })] })
    const second = await call('GET', `/v1/operations?limit=3&cursor=${first.body.nextCursor}`)
    expect(second.body).toEqual({ items: whole.body.items.slice(3) })
    expect((await callsOf('CLUSTER', barn)).at(-1)).toEqual({ method: 'operations', args: [{ limit: 4, before: 2 }] })
  })

  test('a decision reaches the object, is audited, and answers the operation as it is then', async () => {
    for (const [decision, action] of [
      ['retry', 'operation.retried'],
      ['abandon', 'operation.abandoned'],
    ] as const) {
      await letAnswer('CLUSTER', clusterUid, { operation: anOperation(3, { decision }) })
      const { status, body } = await call('POST', `/v1/operations/${clusterUid}-3/${decision}`)
      expect([status, body]).toMatchObject([200, { decision, cluster: 'home', retryable: false }])
      expect(await callsOf('CLUSTER', clusterUid)).toContainEqual({
        method: 'decide',
        args: [`${clusterUid}-3`, decision],
      })
      const audit = await call<{ items: unknown[] }>('GET', '/v1/audit?limit=1')
      expect(audit.body.items).toMatchObject([{ action, facts: { operationId: `${clusterUid}-3` }, name: 'home' }])
    }
  })

  test('what is not stuck is refused by the object, and an unknown id wakes none', async () => {
    const problem = { code: 'operation-not-stuck', facts: {}, retry: 'never' }
    await letAnswer('CLUSTER', clusterUid, { decide: { ok: false, problem } })
    const refused = await call<ProblemBody>('POST', `/v1/operations/${clusterUid}-3/retry`)
    expect([refused.status, refused.body.code]).toEqual([409, 'operation-not-stuck'])
    const stranger = aUid()
    expect((await call('POST', `/v1/operations/${stranger}-1/retry`)).status).toBe(404)
    expect(await callsOf('CLUSTER', stranger)).toEqual([])
    expect((await call('POST', `/v1/operations/nonsense/retry`)).status).toBe(400)
  })
})

describe('events', () => {
  const headers = { Authorization: `Bearer ${TOKEN}` }

  test('a WebSocket upgrade is handed to the object of the cluster, without the credential', async () => {
    const response = await send('GET', '/v1/clusters/home/events?after=7', {
      headers: { ...headers, Upgrade: 'websocket' },
    })
    expect(response.status).toBe(101)
    const socket = response.webSocket!
    const first = new Promise<string>((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)))
    socket.accept()
    const told = JSON.parse(await first) as { search: string; headers: Record<string, string> }
    expect(told.search).toBe('?after=7')
    expect(told.headers).not.toHaveProperty('authorization')
    socket.close()
  })

  test('server-sent events pass through, with Last-Event-ID', async () => {
    const response = await send('GET', '/v1/clusters/home/events', {
      headers: { ...headers, Accept: 'text/event-stream', 'Last-Event-ID': '12' },
    })
    expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'text/event-stream'])
    expect(response.headers.get('X-Request-Id')).not.toBeNull()
    expect(await response.text()).toContain('"last-event-id":"12"')
  })

  test('anything else is refused, and so is a cluster that does not exist', async () => {
    expect((await call('GET', '/v1/clusters/home/events')).status).toBe(400)
    const none = await call('GET', '/v1/clusters/none/events', { headers: { Accept: 'text/event-stream' } })
    expect(none.status).toBe(404)
    const after = await call('GET', '/v1/clusters/home/events?after=-1', { headers: { Accept: 'text/event-stream' } })
    expect(after.status).toBe(400)
  })
})
