import { beforeAll, describe, expect, test } from 'vitest'
import document from '../../../workers/api/assets/openapi.json'
import { PUBLIC } from '../../../workers/api/access/public.ts'
import { aClass, aCluster, aNetwork, aSite } from '../../db/builders.ts'
import { apply, call, given, letAnswer, migrate, type ProblemBody } from './client.ts'
import { aToken, anAccount, bind, callAs, rowsOf, type TestBinding } from './people.ts'

/**
 * Two sites with a cluster each. `home` is what the paths name; whoever has rights on `away` only is foreign there.
 */
const away = {
  site: aSite('away', { vmids: '6000-6999' }),
  lan: aNetwork('away-lan', { site: 'away', cidr: '10.0.0.0/24', gateway: '10.0.0.1', reserved: { vip: '10.0.0.50' } }),
  cluster: aCluster('far', {
    site: 'away',
    nodeNetwork: 'away-lan',
    endpoint: { vip: '10.0.0.50' },
    controlPlane: { class: 'cp-small', schedulable: true, machines: { 'far-1': '10.0.0.51' } },
  }),
}
const home = { site: aSite('home'), lan: aNetwork('lan'), class: aClass('cp-small'), cluster: aCluster('home') }

type Needs = { readonly to: string; readonly on?: string }
const RANKS = ['none', 'reader', 'operator', 'admin']
let uids: Record<string, string>
const tokens = new Map<string, string>()

/** Name, bindings, role on everything, on the site `home`, on its cluster. */
const CALLERS: readonly (readonly [string, readonly TestBinding[], string, string, string])[] = [
  ['no-role', [], 'none', 'none', 'none'],
  ['all-reader', [{ role: 'reader', on: 'everything' }], 'reader', 'reader', 'reader'],
  ['all-operator', [{ role: 'operator', on: 'everything' }], 'operator', 'operator', 'operator'],
  ['all-admin', [{ role: 'admin', on: 'everything' }], 'admin', 'admin', 'admin'],
  ['site-reader', [{ role: 'reader', on: { site: 'home' } }], 'none', 'reader', 'reader'],
  ['site-operator', [{ role: 'operator', on: { site: 'home' } }], 'none', 'operator', 'operator'],
  ['site-admin', [{ role: 'admin', on: { site: 'home' } }], 'none', 'admin', 'admin'],
  ['cluster-reader', [{ role: 'reader', on: { cluster: 'home' } }], 'none', 'none', 'reader'],
  ['cluster-admin', [{ role: 'admin', on: { cluster: 'home' } }], 'none', 'none', 'admin'],
  ['foreign-site', [{ role: 'admin', on: { site: 'away' } }], 'none', 'none', 'none'],
  ['foreign-cluster', [{ role: 'admin', on: { cluster: 'far' } }], 'none', 'none', 'none'],
]

beforeAll(async () => {
  await migrate()
  uids = await given([home.site, home.lan, home.class, home.cluster, away.site, away.lan, away.cluster])
  for (const [name, bindings] of CALLERS) tokens.set(name, await anAccount(name, bindings))
  tokens.set('limited', (await aToken('all-admin', { limit: { role: 'reader', on: { site: 'away' } } })).token)
})

/** Each route as `/openapi.json` describes it, on the objects of `home`. */
const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { 'x-access': access }]) => ({
    method: method.toUpperCase(),
    path,
    access: access as Needs,
  })),
)
const NAMED: Readonly<Record<string, string>> = {
  sites: 'home',
  networks: 'lan',
  clusters: 'home',
  machineclasses: 'cp-small',
  machines: 'nas',
}
const concrete = (path: string): string =>
  path
    .replace('{name}', NAMED[path.split('/')[2] ?? ''] ?? 'nobody')
    .replace('{id}', `${uids['Cluster/home']}-1`)
    .replaceAll(/\{\w+\}/g, '0'.repeat(20))

/** What must come: refused as unseen, refused as too weak, or let through to the route's own checks. */
function expected(
  { to, on }: Needs,
  path: string,
  [, bindings, all, site, cluster]: (typeof CALLERS)[number],
): number | 'through' {
  if (to === 'anyone' || to === 'known') return 'through'
  const enough = (role: string) => RANKS.indexOf(role) >= RANKS.indexOf(to)
  if (enough(all)) return 'through'
  if (on === 'everything') return 403
  if (on === 'visible' || on === 'body') return bindings.length > 0 ? 'through' : 403
  if (on === 'MachineClass') return to === 'reader' && bindings.length > 0 ? 'through' : judge(all, enough)
  // There is no Machine here, so nobody who is not let through by a role on everything sees one.
  if (on === 'Machine') return 404
  return judge(on === 'Cluster' || on === 'operation' ? cluster : site, enough)
}
const judge = (role: string, enough: (role: string) => boolean) =>
  role === 'none' ? 404 : enough(role) ? 'through' : 403

describe('every route of the OpenAPI document', () => {
  test('[A20] says what it needs, and only how to log in is for anyone', () => {
    expect(routes.filter(({ access }) => access === undefined)).toEqual([])
    const open = routes.filter(({ access }) => access.to === 'anyone').map(({ method, path }) => `${method} ${path}`)
    expect(new Set(open)).toEqual(PUBLIC)
    const weakWrites = routes.filter(({ method, access }) => method !== 'GET' && access.to === 'reader')
    // A ticket carries the role of whoever asks for it.
    expect(weakWrites.map(({ path }) => path)).toEqual(['/v1/clusters/{name}/lane-tickets'])
  })

  test.each(CALLERS)('[A20] gives %s no more than the roles say', async (...caller) => {
    const [name] = caller
    for (const { method, path, access } of routes) {
      // A login is no request of a caller.
      if (access.to === 'anyone') continue
      const { status, body } = await callAs<ProblemBody>(
        tokens.get(name)!,
        method,
        concrete(path),
        method === 'GET' ? {} : { body: {} },
      )
      const wanted = expected(access, path, caller)
      const said = [method, path, status, body.code]
      const refused = [method, path, wanted, wanted === 403 ? 'forbidden' : 'not-found']
      const judged = status === 403 && body.code === 'forbidden' ? said : [method, path, 'through']
      expect(wanted === 'through' ? judged : said).toEqual(wanted === 'through' ? [method, path, 'through'] : refused)
    }
  })

  test('[A22] a limited token of an admin is good for its limit alone', async () => {
    const token = tokens.get('limited')!
    expect((await callAs(token, 'GET', '/v1/sites/away')).status).toBe(200)
    expect((await callAs(token, 'GET', '/v1/sites/home')).status).toBe(404)
    expect((await callAs(token, 'POST', '/v1/sites/away/join-tokens')).status).toBe(403)
    expect((await callAs(token, 'GET', '/v1/policy')).status).toBe(403)
    const { body } = await callAs<{ items: { metadata: { name: string } }[] }>(token, 'GET', '/v1/clusters')
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['far'])
  })
})

describe('what one may not see', () => {
  const names = async (token: string, plural: string) =>
    (await callAs<{ items: { metadata: { name: string } }[] }>(token, 'GET', `/v1/${plural}`)).body.items.map(
      ({ metadata }) => metadata.name,
    )

  test.each([
    ['site-reader', { sites: ['home'], networks: ['lan'], clusters: ['home'], machineclasses: ['cp-small'] }],
    ['cluster-reader', { sites: [], networks: [], clusters: ['home'], machineclasses: ['cp-small'] }],
    ['foreign-site', { sites: ['away'], networks: ['away-lan'], clusters: ['far'], machineclasses: ['cp-small'] }],
    ['foreign-cluster', { sites: [], networks: [], clusters: ['far'], machineclasses: ['cp-small'] }],
  ])('[A20] is in no list of %s', async (name, lists) => {
    for (const [plural, wanted] of Object.entries(lists))
      expect([plural, await names(tokens.get(name)!, plural)]).toEqual([plural, wanted])
  })

  test('[A20] answers exactly as what does not exist', async () => {
    const token = tokens.get('foreign-site')!
    const seen = async (path: string) => {
      const { body } = await callAs<ProblemBody>(token, 'GET', path)
      return { ...body, requestId: '', facts: { ...body.facts, name: '' } }
    }
    for (const path of ['/v1/clusters/', '/v1/sites/', '/v1/networks/'])
      expect(await seen(`${path}${path.includes('networks') ? 'lan' : 'home'}`)).toEqual(await seen(`${path}nowhere`))
    expect(await seen('/v1/sites/home/capacity')).toEqual(await seen('/v1/sites/nowhere/capacity'))
    expect(await seen('/v1/clusters/home/events')).toEqual(await seen('/v1/clusters/nowhere/events'))
  })

  test('[A20] is in no operations, also not by a cursor that was made up', async () => {
    await letAnswer('CLUSTER', uids['Cluster/home']!, { operations: [] })
    const token = tokens.get('foreign-cluster')!
    expect((await callAs(token, 'GET', '/v1/operations?cluster=home')).status).toBe(404)
    const cursor = btoa('after home/').replaceAll('=', '')
    expect((await callAs<{ items: unknown[] }>(token, 'GET', `/v1/operations?cursor=${cursor}`)).body.items).toEqual([])
  })

  test('[A20] is in no hint', async () => {
    const { lan } = away
    const typo = { ...away.cluster, metadata: { name: 'far' }, spec: { ...away.cluster.spec, nodeNetwork: 'lam' } }
    const body = { documents: [lan, typo] }
    const answer = await callAs<ProblemBody>(tokens.get('foreign-site')!, 'POST', '/v1/apply', { body })
    expect(answer.status).toBe(422)
    expect(JSON.stringify(answer.body)).not.toContain('"lan\\"')
  })
})

describe('writing across a border', () => {
  const applyAs = async (name: string, documents: readonly unknown[]) =>
    await callAs<ProblemBody>(tokens.get(name)!, 'POST', '/v1/apply', { body: { documents } })
  const newNetwork = (site: string, name: string) =>
    aNetwork(name, { site, cidr: '10.9.0.0/24', gateway: '10.9.0.1', reserved: {}, bridge: 'vmbr7' })

  test('[A20] all of an apply is refused when one document of it is beyond the caller', async () => {
    const before = await rowsOf('documents')
    const answer = await applyAs('site-operator', [newNetwork('home', 'mine'), newNetwork('away', 'theirs')])
    expect([answer.status, answer.body.code, answer.body.facts['name']]).toEqual([403, 'forbidden', 'theirs'])
    expect(await rowsOf('documents')).toEqual(before)
  })

  test('[A20] what is as it was may stand in the file of who may read it', async () => {
    const file = [home.site, home.lan, home.class, home.cluster]
    expect((await applyAs('site-reader', file)).status).toBe(200)
    expect((await applyAs('site-reader', [newNetwork('home', 'new')])).status).toBe(403)
    expect((await applyAs('cluster-admin', file)).status).toBe(403)
    expect((await applyAs('cluster-admin', [home.cluster])).status).toBe(200)
  })

  test('[A20] new sites, classes and anything taken over from elsewhere need the right there too', async () => {
    expect((await applyAs('site-admin', [aSite('third', { vmids: '7000-7999' })])).status).toBe(403)
    expect((await applyAs('site-admin', [aClass('huge')])).status).toBe(403)
    expect((await applyAs('site-admin', [{ ...away.lan, spec: { ...away.lan.spec, site: 'home' } }])).status).toBe(403)
    const put = await callAs(tokens.get('site-admin')!, 'PUT', '/v1/networks/away-lan', {
      body: away.lan,
      headers: { 'If-Match': `"${uids['Network/away-lan']}.1"` },
    })
    expect(put.status).toBe(403)
  })

  test('[A20] a dry run asks for the same right', async () => {
    const answer = await callAs(tokens.get('site-reader')!, 'POST', '/v1/apply?dryRun=true', {
      body: { documents: [newNetwork('home', 'new')] },
    })
    expect(answer.status).toBe(403)
  })
})

describe('a right', () => {
  test('[A21] on a site or a cluster ends with it; the next of its name gives nothing', async () => {
    const lab = aSite('lab', { vmids: '8000-8999' })
    await given([lab])
    await anAccount('lab-admin', [])
    await bind({ serviceAccount: 'lab-admin' }, { role: 'admin', on: { site: 'lab' } })
    const { token } = await aToken('lab-admin')
    const first = await callAs(token, 'GET', '/v1/sites/lab')
    expect(first.status).toBe(200)
    await call('DELETE', '/v1/sites/lab', { headers: { 'If-Match': first.headers.get('ETag')! } })
    expect((await apply([lab])).status).toBe(200)
    expect((await callAs(token, 'GET', '/v1/sites/lab')).status).toBe(404)
  })

  test('[A21] on a cluster does not make its holder create one of that name', async () => {
    const token = tokens.get('cluster-admin')!
    await call('DELETE', '/v1/clusters/home', { headers: { 'If-Match': `"${uids['Cluster/home']}.1"` } })
    const { DB } = (await import('./client.ts')).env
    await DB.prepare('insert or replace into statuses values (?, ?, ?, ?, 1, 1)')
      .bind(uids['Cluster/home'], 'Cluster', 'gone', '{"phase":"gone"}')
      .run()
    const again = await callAs(token, 'PUT', '/v1/clusters/home', {
      body: home.cluster,
      headers: { 'If-None-Match': '*' },
    })
    expect(again.status).toBe(403)
  })

  test('[A26] that somebody lacks is written down once a minute, whatever they try', async () => {
    const token = await anAccount('curious', [{ role: 'reader', on: { site: 'away' } }])
    for (const path of ['/v1/audit', '/v1/policy', '/v1/users'])
      expect((await callAs(token, 'GET', path)).status).toBe(403)
    const denied = (await rowsOf('audit')).filter(
      ({ action, actor }) => action === 'access.denied' && actor === 'service-account:curious',
    )
    expect(denied).toHaveLength(1)
    expect(JSON.parse(String(denied[0]!['facts']))).toMatchObject({
      outcome: 'forbidden',
      path: '/v1/audit',
      source: expect.stringMatching(/^10\./),
    })
  })
})
