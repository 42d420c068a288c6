import { beforeAll, describe, expect, test, vi } from 'vitest'
import { openDb } from '#db/open.ts'
import { publishStatus } from '#db/statuses.ts'
import { aClass, aCluster, aNetwork, aSite } from '../../db/builders.ts'
import { call, callsOf, env, given, letAnswer, migrate, type ProblemBody } from './client.ts'

const create = { 'If-None-Match': '*' }
let uids: Record<string, string>

beforeAll(async () => {
  await migrate()
  uids = await given([aSite('home'), aNetwork('lan'), aClass('cp-small'), aCluster('home')])
})

const publish = async (uid: string, phase: string, status: object = {}) =>
  await publishStatus(openDb(env.DB), {
    uid,
    kind: 'Cluster',
    phase,
    status: { phase, bootstrapped: true, ...status },
    observedGeneration: 1,
    at: 1,
  })

describe('PUT', () => {
  test('[A4] creates with 201, answers 200 and the same ETag for the same content, and audits only the first', async () => {
    const body = aClass('twice-the-same')
    const first = await call('PUT', '/v1/machineclasses/twice-the-same', { body, headers: create })
    expect(first.status).toBe(201)
    expect(first.body).toMatchObject({ kind: 'MachineClass', metadata: { name: 'twice-the-same', generation: 1 } })
    const etag = first.headers.get('ETag')!
    expect(etag).toMatch(/^"[0-9a-z]{20}\.1"$/)

    const second = await call('PUT', '/v1/machineclasses/twice-the-same', { body, headers: { 'If-Match': etag } })
    expect([second.status, second.headers.get('ETag')]).toEqual([200, etag])
    const { body: audit } = await call<{ items: { name: string; requestId: string }[] }>('GET', '/v1/audit')
    expect(audit.items.filter(({ name }) => name === 'twice-the-same')).toMatchObject([
      { action: 'document.created', requestId: first.headers.get('X-Request-Id'), actor: 'bootstrap' },
    ])
  })

  test('[A2] changes only what the caller has read: 428 without a precondition, 412 when stale', async () => {
    const path = '/v1/machineclasses/raced'
    const created = await call('PUT', path, { body: aClass('raced'), headers: create })
    const etag = created.headers.get('ETag')!
    const again = await call<ProblemBody>('PUT', path, { body: aClass('raced'), headers: create })
    const without = await call<ProblemBody>('PUT', path, { body: aClass('raced') })
    expect([again.status, again.body.code]).toEqual([412, 'precondition-failed'])
    expect([without.status, without.body.code]).toEqual([428, 'precondition-required'])

    const changed = await call('PUT', path, { body: aClass('raced', { cpu: 6 }), headers: { 'If-Match': etag } })
    expect([changed.status, changed.body]).toMatchObject([200, { metadata: { generation: 2 }, spec: { cpu: 6 } }])
    const stale = await call('PUT', path, { body: aClass('raced', { cpu: 8 }), headers: { 'If-Match': etag } })
    expect([stale.status, stale.body]).toMatchObject([412, { facts: { current: changed.headers.get('ETag') } }])
    const absent = await call('PUT', '/v1/machineclasses/none', { body: aClass('none'), headers: { 'If-Match': etag } })
    expect([absent.status, absent.body]).toMatchObject([412, { facts: { current: 'absent' } }])
  })

  test('[A3] arms the alarm of the cluster before it writes and wakes it afterwards', async () => {
    const body = aCluster('home', {
      controlPlane: { class: 'cp-small', schedulable: true, machines: { 'cp-1': '192.168.1.51' } },
    })
    const uid = uids['Cluster/home']!
    const before = (await callsOf('CLUSTER', uid)).length
    const read = await call('GET', '/v1/clusters/home')
    const put = await call('PUT', '/v1/clusters/home', { body, headers: { 'If-Match': read.headers.get('ETag')! } })
    expect(put.status).toBe(200)
    await vi.waitFor(async () => {
      const wakes = (await callsOf('CLUSTER', uid)).slice(before).filter(({ method }) => method === 'wake')
      expect(wakes.map(({ args }) => args)).toEqual([
        [uid, 30_000],
        [uid, 0],
      ])
    })
    const repeated = await call('PUT', '/v1/clusters/home', { body, headers: { 'If-Match': put.headers.get('ETag')! } })
    expect(repeated.body).toMatchObject({ metadata: { generation: 2 } })
    const wakes = (await callsOf('CLUSTER', uid)).slice(before).filter(({ method }) => method === 'wake')
    expect(wakes).toHaveLength(2)
  })

  test('[A6] a dry run gives the same answer with the plan, and writes and wakes nothing', async () => {
    const body = aCluster('dry', {
      endpoint: { vip: '192.168.1.70' },
      controlPlane: { class: 'cp-small', schedulable: false, machines: { 'dry-1': '192.168.1.71' } },
    })
    const dry = await call('PUT', '/v1/clusters/dry?dryRun=true', { body, headers: create })
    expect(dry.status).toBe(201)
    expect(dry.body).toMatchObject({ metadata: { name: 'dry' }, status: { phase: 'waiting' } })
    expect(dry.body['plan']).toMatchObject({ operations: [], capacity: [] })
    const { uid } = dry.body['metadata'] as { uid: string }
    expect(await callsOf('CLUSTER', uid)).toEqual([])
    expect((await call('GET', '/v1/clusters/dry')).status).toBe(404)
  })

  test('kind, name and path must agree', async () => {
    const name = await call<ProblemBody>('PUT', '/v1/sites/other', { body: aSite('home'), headers: create })
    expect([name.status, name.body.errors]).toMatchObject([422, [{ pointer: '/metadata/name' }]])
    const kind = await call<ProblemBody>('PUT', '/v1/sites/home', { body: aClass('home'), headers: create })
    expect([kind.status, kind.body.errors?.[0]]).toMatchObject([422, { pointer: '/kind' }])
  })

  test('[A8] a bootstrapped cluster changes its machines, and nothing else', async () => {
    const spec = { endpoint: { vip: '192.168.1.80' }, controlPlane: cpOf({ 'fixed-1': '192.168.1.81' }) }
    const fixed = await given([aCluster('fixed', spec)])
    await publish(fixed['Cluster/fixed']!, 'ready')
    const put = async (change: Parameters<typeof aCluster>[1]) => {
      const etag = (await call('GET', '/v1/clusters/fixed')).headers.get('ETag')!
      const body = aCluster('fixed', { ...spec, ...change })
      return await call<ProblemBody>('PUT', '/v1/clusters/fixed', { body, headers: { 'If-Match': etag } })
    }
    const newer = await put({ kubernetes: { version: 'v1.36.2' } })
    expect([newer.status, newer.body]).toMatchObject([
      422,
      {
        code: 'change-not-supported',
        errors: [{ pointer: '/spec/kubernetes/version', path: 'spec.kubernetes.version' }],
      },
    ])
    const three = { 'fixed-1': '192.168.1.81', 'fixed-2': '192.168.1.82', 'fixed-3': '192.168.1.83' }
    expect((await put({ controlPlane: cpOf(three) })).status).toBe(200)
    const classOfIt = aClass('cp-small', { cpu: 8, firmware: 'seabios' })
    const etag = (await call('GET', '/v1/machineclasses/cp-small')).headers.get('ETag')!
    const changed = await call<ProblemBody>('PUT', '/v1/machineclasses/cp-small', {
      body: classOfIt,
      headers: { 'If-Match': etag },
    })
    expect([changed.status, changed.body.errors?.[0]?.pointer]).toEqual([422, '/spec/firmware'])
    expect(changed.body.errors?.[0]?.message).toContain('"fixed"')
  })
})

describe('GET', () => {
  test('a cluster and a site come with a status from the first moment on; the others have none', async () => {
    expect((await call('GET', '/v1/clusters/home')).body).toMatchObject({
      apiVersion: 'lanline/v1alpha1',
      metadata: { labels: {}, annotations: {}, createdAt: expect.stringMatching(/^\d{4}-.*Z$/) },
      status: { phase: 'waiting', bootstrapped: false, machines: [], waiting: [], findings: [] },
    })
    expect((await call('GET', '/v1/sites/home')).body).toMatchObject({ status: { phase: 'waiting', hosts: [] } })
    expect((await call('GET', '/v1/networks/lan')).body).not.toHaveProperty('status')
  })

  test('lists come in pages, each pointing to the next', async () => {
    await given(['l-1', 'l-2', 'l-3'].map((name) => aSite(name)))
    const names: string[] = []
    let path: string | undefined = '/v1/sites?limit=2'
    while (path !== undefined) {
      const page: { headers: Headers; body: { items: { metadata: { name: string } }[] } } = await call('GET', path)
      expect(page.body.items.length).toBeLessThanOrEqual(2)
      names.push(...page.body.items.map(({ metadata }) => metadata.name))
      path = /^<(.*)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1]
    }
    expect(names).toEqual([...names].sort())
    expect(names).toEqual(expect.arrayContaining(['home', 'l-1', 'l-2', 'l-3']))
  })

  test('a limit out of range and a made-up cursor are refused', async () => {
    for (const query of ['limit=101', 'limit=0', 'limit=x', 'cursor=%25%25', `cursor=${btoa('home')}`])
      expect((await call<ProblemBody>('GET', `/v1/sites?${query}`)).body.code).toBe('invalid-request')
  })

  test('what is not there is 404, with the name', async () => {
    const { status, body } = await call<ProblemBody>('GET', '/v1/clusters/nowhere')
    expect([status, body.code, body.facts]).toEqual([404, 'not-found', { kind: 'Cluster', name: 'nowhere' }])
  })
})

describe('DELETE', () => {
  const etagOf = async (path: string) => (await call('GET', path)).headers.get('ETag')!

  test('[A7] what is still referred to stays, and its users are named', async () => {
    for (const [path, by] of [
      ['/v1/sites/home', ['Network/lan', 'Cluster/home']],
      ['/v1/networks/lan', ['Cluster/home']],
      ['/v1/machineclasses/cp-small', ['Cluster/home']],
    ] as const) {
      const deleted = await call<ProblemBody>('DELETE', path, { headers: { 'If-Match': await etagOf(path) } })
      expect([deleted.status, deleted.body.code]).toEqual([409, 'still-referenced'])
      expect(deleted.body.facts['by']).toEqual(expect.arrayContaining([...by]))
    }
  })

  test('an unused object goes at once, on its ETag only; a site takes its agents with it', async () => {
    const site = (await given([aSite('unused')]))['Site/unused']!
    const path = '/v1/sites/unused'
    const etag = await etagOf(path)
    expect((await call('DELETE', path)).status).toBe(428)
    expect((await call('DELETE', path, { headers: { 'If-Match': '"x.1"' } })).status).toBe(412)
    expect((await call('DELETE', `${path}?dryRun=true`, { headers: { 'If-Match': etag } })).status).toBe(200)
    expect((await call('GET', path)).status).toBe(200)
    expect((await call('DELETE', path, { headers: { 'If-Match': etag } })).status).toBe(200)
    expect((await call('GET', path)).status).toBe(404)
    await vi.waitFor(async () =>
      expect((await callsOf('SITE', site)).map(({ method }) => method)).toEqual(['wake', 'wake', 'dismiss']),
    )
  })

  test('a cluster is marked, keeps its row until its object says gone, and leaves its name free afterwards', async () => {
    const spec = { endpoint: { vip: '192.168.1.90' }, controlPlane: cpOf({ 'leaver-1': '192.168.1.91' }) }
    const uid = (await given([aCluster('leaver', spec)]))['Cluster/leaver']!
    const path = '/v1/clusters/leaver'
    const etag = await etagOf(path)
    const deleted = await call('DELETE', path, { headers: { 'If-Match': etag } })
    expect([deleted.status, deleted.body]).toMatchObject([
      202,
      { metadata: { deletingAt: expect.any(String) }, status: { phase: 'deleting' } },
    ])
    expect((await call('DELETE', path, { headers: { 'If-Match': etag } })).status).toBe(202)
    const put = await call('PUT', path, { body: aCluster('leaver', spec), headers: { 'If-Match': etag } })
    expect([put.status, put.body]).toMatchObject([409, { code: 'being-deleted' }])
    await vi.waitFor(async () =>
      expect((await callsOf('CLUSTER', uid)).slice(-2)).toEqual([
        { method: 'wake', args: [uid, 30_000] },
        { method: 'wake', args: [uid, 0] },
      ]),
    )

    await publish(uid, 'gone')
    expect((await call('GET', path)).status).toBe(404)
    const again = await call('PUT', path, { body: aCluster('leaver', spec), headers: create })
    expect([again.status, again.body]).toMatchObject([201, { metadata: { generation: 1 } }])
    expect((again.body['metadata'] as { uid: string }).uid).not.toBe(uid)
  })

  test('protected clusters are not deleted by accident', async () => {
    const guarded = (name: string, policy: string, last: number) => {
      const cluster = aCluster(name, {
        endpoint: { vip: `192.168.1.${last}` },
        controlPlane: cpOf({ [`${name}-1`]: `192.168.1.${last + 1}` }),
      })
      return { ...cluster, metadata: { name, annotations: { 'lanline/deletion': policy } } }
    }
    await given([guarded('kept', 'forbid', 100), guarded('asked', 'confirm', 110)])
    const remove = async (name: string, query = '') =>
      await call<ProblemBody>('DELETE', `/v1/clusters/${name}${query}`, {
        headers: { 'If-Match': await etagOf(`/v1/clusters/${name}`) },
      })
    expect((await remove('kept', '?confirm=kept')).body.code).toBe('deletion-forbidden')
    expect((await remove('asked')).body.code).toBe('confirmation-required')
    expect((await remove('asked', '?confirm=kept')).body.code).toBe('confirmation-required')
    expect((await remove('asked', '?confirm=asked')).status).toBe(202)
  })
})

test('[A3] when the object of a cluster does not answer, nothing is written', async () => {
  const spec = { endpoint: { vip: '192.168.1.120' }, controlPlane: cpOf({ 'o-1': '192.168.1.121' }) }
  const uid = (await given([aCluster('outage', spec)]))['Cluster/outage']!
  await letAnswer('CLUSTER', uid, { wake: { throws: 'the object is away' } })
  const { headers, body } = await call('GET', '/v1/clusters/outage')
  const change = aCluster('outage', { ...spec, endpoint: { vip: '192.168.1.122' } })
  const put = await call<ProblemBody>('PUT', '/v1/clusters/outage', {
    body: change,
    headers: { 'If-Match': headers.get('ETag')! },
  })
  expect([put.status, put.body.code]).toEqual([503, 'unavailable'])
  expect(JSON.stringify(put.body)).not.toContain('the object is away')
  expect((await call('GET', '/v1/clusters/outage')).body).toEqual(body)
})

function cpOf(machines: Record<string, string>) {
  return { class: 'cp-small', schedulable: true, machines }
}
