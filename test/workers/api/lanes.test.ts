import { beforeAll, describe, expect, test } from 'vitest'
import { laneTickets } from '#db/schema.ts'
import { openDb } from '#db/open.ts'
import { aClass, aCluster, aNetwork, aSite } from '../../db/builders.ts'
import { call, env, given, migrate, ORIGIN, send, TOKEN } from './client.ts'

let clusterUid = ''
beforeAll(async () => {
  await migrate()
  const open = aCluster('open')
  const uids = await given([
    aSite('home'),
    aNetwork('lan'),
    aClass('cp-small'),
    aCluster('home'),
    {
      ...open,
      spec: {
        ...open.spec,
        endpoint: { vip: '192.168.1.90' },
        controlPlane: { ...open.spec.controlPlane, machines: { 'open-1': '192.168.1.91' } },
        access: { direct: true },
      },
    },
  ])
  clusterUid = uids['Cluster/home']!
})

describe('tickets for the lane', () => {
  test('[L2] a ticket is for one cluster, lasts half a minute, and is stored as its hash only', async () => {
    const { status, body } = await call<{ ticket: string; expiresAt: string; laneUrl: string; clusterUid: string }>(
      'POST',
      '/v1/clusters/home/lane-tickets',
      { body: { purpose: 'tunnel' } },
    )
    expect(status).toBe(201)
    expect(body.ticket).toMatch(/^lanlane_[A-Za-z0-9_-]{43}$/)
    expect([body.clusterUid, body.laneUrl]).toEqual([clusterUid, `${ORIGIN.replace('https', 'wss')}/relay/v1/lane`])
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(30_000)
    const rows = JSON.stringify(await openDb(env.DB).select().from(laneTickets))
    expect(rows).toContain(clusterUid)
    expect(rows).not.toContain(body.ticket.slice(8))
    const { body: audit } = await call<{ items: readonly { action: string; uid: string }[] }>(
      'GET',
      '/v1/audit?limit=5',
    )
    expect(audit.items[0]).toMatchObject({ action: 'lane.opened', uid: clusterUid })
  })

  test('a ticket needs a cluster that is there, and a purpose that is known', async () => {
    expect((await call('POST', '/v1/clusters/nosuch/lane-tickets', { body: { purpose: 'tunnel' } })).status).toBe(404)
    expect((await call('POST', '/v1/clusters/home/lane-tickets', { body: { purpose: 'fun' } })).status).toBe(422)
  })
})

describe('direct access', () => {
  const status = async (response: Response) => ({
    http: response.status,
    ...(await response.json<{ kind: string; code: number; reason: string }>()),
  })
  const owner = { Authorization: `Bearer ${TOKEN}` }

  test('[L9] every refusal is a Status: without a token, for a cluster that did not ask for it, and for one that is not there', async () => {
    expect(await status(await send('GET', '/k8s/open/api/v1/nodes'))).toMatchObject({
      http: 401,
      kind: 'Status',
      code: 401,
      reason: 'Unauthorized',
    })
    for (const name of ['home', 'nosuch', '..%2f', 'A'])
      expect(await status(await send('GET', `/k8s/${name}/api/v1/nodes`, { headers: owner }))).toMatchObject({
        http: 404,
        kind: 'Status',
        code: 404,
      })
  })

  test('[L9] a WebSocket that is refused, and the SPDY POST that kubectl tries next, hear the same', async () => {
    const path = '/k8s/home/api/v1/namespaces/a/pods/b/exec?command=x'
    const refusals = [
      await send('GET', path, {
        headers: { ...owner, Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'v5.channel.k8s.io' },
      }),
      await send('POST', path, { headers: { ...owner, Upgrade: 'SPDY/3.1' } }),
    ]
    const heard = await Promise.all(refusals.map(status))
    expect(heard.map(({ http, kind, reason }) => ({ http, kind, reason }))).toEqual(
      Array.from({ length: 2 }, () => ({ http: 404, kind: 'Status', reason: 'NotFound' })),
    )
  })
})
