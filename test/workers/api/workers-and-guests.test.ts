import { beforeAll, describe, expect, test, vi } from 'vitest'
import { openDb } from '#db/open.ts'
import { publishStatus } from '#db/statuses.ts'
import { aClass, aCluster, anAdopted, aManaged, anIsolatedNetwork, aNetwork, aSite } from '../../db/builders.ts'
import { apply, call, callsOf, env, given, letAnswer, migrate, refusedApply, type ProblemBody } from './client.ts'

/** Workers, their networks and classes, the guests beside them, and the way out. */
const general = { class: 'worker', count: 2, nics: ['lan', 'storage'] }
const home = (workers: NonNullable<ReturnType<typeof aCluster>['spec']['workers']> = { general }) =>
  aCluster('home', { workers })
const story = () => [
  aSite('home', {
    hosts: [
      {
        name: 'pve-1',
        reserve: { growth: { cpu: 2 } },
        devices: { gpu0: { mapping: 'rtx' } },
        storage: 'local-zfs',
        imageStorage: 'local',
      },
    ],
  }),
  aNetwork('lan'),
  anIsolatedNetwork('storage'),
  aClass('cp-small'),
  aClass('worker', { cpu: 2, memory: '4Gi' }),
  home(),
]
let uids: Record<string, string>
const errorsOf = ({ body }: { body: ProblemBody }) =>
  (body.errors ?? []).map(({ pointer, message, hint }) => `${pointer}: ${message}${hint ? `; ${hint}` : ''}`)
const timesOf = async (uid: string) =>
  await env.DB.prepare('select deleting_at, forgotten_at from documents where uid = ?').bind(uid).first()
const etagOf = async (path: string) => (await call('GET', path)).headers.get('ETag')!

beforeAll(async () => {
  await migrate()
  uids = await given(story())
})

describe('a cluster with workers', () => {
  test.each([
    [
      'a class that is not there',
      { general: { ...general, class: 'workr' } },
      [
        '/documents/0/spec/workers/general/class: there is no MachineClass "workr", neither here nor in the request; did you mean "worker"?',
      ],
    ],
    [
      'a network that is not there',
      { general: { ...general, nics: ['lan', 'storag'] } },
      [
        '/documents/0/spec/workers/general/nics/1: there is no Network "storag", neither here nor in the request; did you mean "storage"?',
      ],
    ],
    [
      'a first NIC elsewhere',
      { general: { ...general, nics: ['storage', 'lan'] } },
      ['/documents/0/spec/workers/general/nics/0: the first NIC is in the node network, "lan"'],
    ],
    [
      'a pool that the network has not',
      { general: { ...general, nics: [{ network: 'lan', pool: 'x' }] } },
      ['/documents/0/spec/workers/general/nics/0/pool: the network "lan" has no pool "x"'],
    ],
    [
      'a reservation that no host has',
      { general: { ...general, drawFrom: 'groth' } },
      [
        '/documents/0/spec/workers/general/drawFrom: no host of the site "home" has a reservation "groth"; did you mean "growth"?',
      ],
    ],
    [
      'an address that is taken',
      { big: { class: 'worker', machines: { w: '192.168.1.51' } } },
      ['/documents/0/spec/workers/big/machines/w: 192.168.1.51 is already taken by the machine cp-1'],
    ],
    [
      'an address in a network it is not on',
      { big: { class: 'worker', machines: { w: { storage: '172.31.250.9' } } } },
      ['/documents/0/spec/workers/big/machines/w/storage: the machine has no NIC in "storage"'],
    ],
    [
      'a name of two machines',
      { big: { class: 'worker', machines: { 'cp-1': '192.168.1.70' } } },
      ['/documents/0/spec/workers/big/machines/cp-1: the machine cp-1 is already one of the control planes'],
    ],
    [
      'a name that is too long',
      { 'a-name-of-exactly-thirty-six-letters-x': { class: 'worker', count: 1 } },
      [
        '/documents/0/spec/workers/a-name-of-exactly-thirty-six-letters-x/count: the machine would be called home-a-name-of-exactly-thirty-six-letters-x-0, and a name has at most 40 characters',
      ],
    ],
    [
      'both a count and names',
      { big: { class: 'worker', count: 1, machines: {} } },
      ['/documents/0/spec/workers/big/machines: say either count or machines'],
    ],
    [
      'an address that is none',
      { big: { class: 'worker', machines: { w: '192.168.1.300' } } },
      ['/documents/0/spec/workers/big/machines/w: "192.168.1.300" is not an IPv4 address'],
    ],
  ])('with %s is refused where it stands', async (_, workers, expected) => {
    const refused = await refusedApply([home(workers)])
    expect([refused.status, errorsOf(refused)]).toEqual([422, expected])
  })

  test('shows where each machine would go and why, before anything is written', async () => {
    const hosts = [{ name: 'pve-1', online: true, threads: 32, memoryMiB: 65_536, version: '9' }]
    const storage = { host: 'pve-1', active: true, shared: false, totalGiB: 900, freeGiB: 900 }
    const seen = {
      hosts,
      storages: [
        { ...storage, name: 'local', content: ['import'] },
        { ...storage, name: 'local-zfs', content: ['images'] },
      ],
      bridges: ['vmbr0', 'vmbr1'].map((name) => ({ host: 'pve-1', name })),
      guests: [],
      machines: [],
      nodes: [],
    }
    await letAnswer('SITE', uids['Site/home']!, { ledger: { placements: [], seen, seenAt: 1, online: true } })
    const { body } = await apply([home({ general: { ...general, count: 1 } })], '?dryRun=true')
    expect(body.plans['home']?.placement.map(({ machine, host, hosts: all }) => [machine, host, all[0]?.says])).toEqual(
      [
        ['cp-1', 'pve-1', 'chosen: 23% full with it'],
        ['cp-2', 'pve-1', 'chosen: 1 of its kind there, 35% full with it'],
        ['cp-3', 'pve-1', 'chosen: 2 of its kind there, 48% full with it'],
        ['home-general-0', 'pve-1', 'chosen: 54% full with it'],
      ],
    )
  })

  test('shows the same of a managed machine, and stores nothing of it', async () => {
    const nas = (spec: object = {}) =>
      aManaged('planned', { class: 'worker', nics: [{ network: 'lan', ip: '192.168.1.140' }], ...spec })
    const { body } = await apply([nas()], '?dryRun=true')
    const plan = body.machinePlans['planned']
    expect(plan?.operations).toEqual([{ kind: 'machine.create', subject: 'planned' }])
    expect(plan?.placement.map(({ machine, host }) => [machine, host])).toEqual([['planned', 'pve-1']])
    expect((await call('GET', '/v1/machines/planned')).status).toBe(404)
    const large = aClass('too-large', { cpu: 500 })
    const tight = await apply([large, nas({ class: 'too-large' })], '?dryRun=true')
    const refused = tight.body.machinePlans['planned']
    expect([refused?.operations, refused?.holds.map(({ code }) => code)]).toEqual([[], ['not-placed']])
  })

  test('takes more and fewer workers once it is bootstrapped, and nothing else about them', async () => {
    const status = { phase: 'ready', bootstrapped: true }
    const uid = uids['Cluster/home']!
    await publishStatus(openDb(env.DB), { uid, kind: 'Cluster', phase: 'ready', status, observedGeneration: 1, at: 1 })
    const more = { general: { ...general, count: 5 }, big: { class: 'worker', machines: { hal: '192.168.1.90' } } }
    expect((await apply([home(more)], '?dryRun=true')).status).toBe(200)
    expect((await apply([home({})], '?dryRun=true')).status).toBe(200)
    const other = await refusedApply([home({ general: { ...general, nics: ['lan'] } })], '?dryRun=true')
    expect(errorsOf(other)).toEqual([
      '/documents/0/spec/workers/general/nics: cannot change once the cluster is bootstrapped',
    ])
  })

  test('[P20] becomes of another size at any time, and nothing that its machines keep for life', async () => {
    const disks = [{ size: '200Gi' }]
    const large = aClass('large', { cpu: 8, memory: '16Gi', disks })
    const pointing = home({ general: { ...general, class: 'large' } })
    expect((await apply([large, pointing], '?dryRun=true')).status).toBe(200)
    expect((await apply([aClass('worker', { cpu: 8, memory: '16Gi', disks })], '?dryRun=true')).status).toBe(200)
    const tiny = aClass('large', { disks: [{ size: '10Gi' }], firmware: 'seabios' })
    expect(errorsOf(await refusedApply([tiny, pointing], '?dryRun=true'))).toEqual([
      '/documents/1/spec/workers/general/class: its machines cannot become of this class, because they keep their firmware, disks; disks only grow',
    ])
    const smaller = await refusedApply([aClass('worker', { disks: [{ size: '10Gi' }] })], '?dryRun=true')
    expect(errorsOf(smaller)).toEqual([
      '/documents/0/spec/disks: disks only grow, and keep everything else, while a bootstrapped cluster uses it: "home"',
    ])
    expect(
      (await apply([aClass('worker', { cpu: 2, memory: '4Gi', where: 'host.threads > 8' })], '?dryRun=true')).status,
    ).toBe(200)
  })

  test('keeps what its workers use from being deleted', async () => {
    for (const path of ['/v1/networks/storage', '/v1/machineclasses/worker']) {
      const refused = await call<ProblemBody>('DELETE', path, { headers: { 'If-Match': await etagOf(path) } })
      expect([refused.status, refused.body.facts]).toEqual([409, { by: ['Cluster/home'] }])
    }
  })
})

describe('a network', () => {
  test.each([
    ['has a gateway unless it is isolated', { isolated: false }, ['gateway: name the gateway, or say isolated: true']],
    ['has none when it is', { gateway: '172.31.250.1' }, ['gateway: an isolated network has no gateway']],
    [
      'keeps its pools apart',
      { reserved: { a: '172.31.250.2-172.31.250.9' }, pools: { b: '172.31.250.9' } },
      ['pools/b: 172.31.250.9 overlaps with 172.31.250.2-172.31.250.9 of "a" in reserved'],
    ],
    ['keeps its pools inside', { pools: { b: '172.31.251.9' } }, ['pools/b: 172.31.251.9 is not in 172.31.250.0/24']],
  ])('%s', async (_, spec, expected) => {
    const refused = await refusedApply([anIsolatedNetwork('storage', spec)])
    expect(errorsOf(refused)).toEqual(expected.map((error) => `/documents/0/spec/${error}`))
  })

  test('that is isolated has no nodes on it', async () => {
    const cluster = aCluster('other', { nodeNetwork: 'storage', endpoint: { vip: '172.31.250.50' } })
    expect(errorsOf(await refusedApply([cluster]))).toContain(
      '/documents/0/spec/nodeNetwork: the network "storage" is isolated, and nodes need a gateway',
    )
  })

  test('does not shrink under a guest that is on it', async () => {
    await given([anAdopted('router', { vmid: 101, nics: [{ network: 'storage', ip: '172.31.250.200' }] })])
    const refused = await refusedApply([anIsolatedNetwork('storage', { cidr: '172.31.250.0/25' })])
    expect(errorsOf(refused)).toContain(
      '/documents/0/spec: machine router does not fit: 172.31.250.200 is not in 172.31.250.0/25 of the network "storage"',
    )
  })
})

test('a class whose expression cannot be used is refused at the expression', async () => {
  const refused = await refusedApply([
    aClass('broken', { where: 'host.rack == "a"', disks: [{ size: '32Gi', storage: 'storage.freeGiB + 1' }] }),
  ])
  expect(errorsOf(refused)).toEqual([
    '/documents/0/spec/where: the expression cannot be used: No such key: rack',
    '/documents/0/spec/disks/0/storage: the expression cannot be used: must be true or false, not int',
  ])
})

describe('a guest that somebody else keeps', () => {
  test('is stored, counted and shown, and wakes the clusters of its site', async () => {
    const site = uids['Site/home']!
    const before = (await callsOf('SITE', site)).length
    await given([anAdopted('nas', { nics: [{ network: 'lan', ip: '192.168.1.20' }] })])
    expect((await callsOf('SITE', site)).slice(before)).toContainEqual({ method: 'wake', args: [site, 30_000] })
    const { body } = await call('GET', '/v1/sites/home/capacity')
    expect(body).toMatchObject({
      hosts: [{ cpu: { adopted: 12, foreign: 0 }, memoryMiB: { adopted: 65_536 } }],
      adopted: expect.arrayContaining([
        { name: 'nas', host: 'pve-1', vmid: 100, cpu: 6, memoryMiB: 32_768, seen: 'missing' },
      ]),
    })
    expect((await call('GET', '/v1/machines/nas')).body).toMatchObject({ kind: 'Machine', spec: { mode: 'adopt' } })
  })

  test.each([
    [
      'on a host that is not there',
      { host: 'pve-2' },
      ['host: the site "home" has no host "pve-2"; did you mean "pve-1"?'],
    ],
    ['with a VMID of ours', { vmid: 5001 }, ['vmid: 5001 is one that Lanline gives to its own machines (5000-5999)']],
    ['that is there already', { vmid: 100 }, ['vmid: 100 on pve-1 is already nas']],
    ['with a device that the host has not', { vmid: 7, devices: ['hba0'] }, ['vmid: must be at least 100']],
    [
      'with somebody’s address',
      { vmid: 102, nics: [{ network: 'lan', ip: '192.168.1.51' }] },
      ['nics/0/ip: 192.168.1.51 is already taken by the machine cp-1 of cluster home'],
    ],
    [
      'with a device nobody knows',
      { vmid: 102, devices: ['gpu1'] },
      ['devices/0: the host pve-1 has no device "gpu1"; did you mean "gpu0"?'],
    ],
  ])('%s is refused', async (_, spec, expected) => {
    const refused = await refusedApply([anAdopted('second', spec)])
    expect(errorsOf(refused)).toEqual(expected.map((error) => `/documents/0/spec/${error}`))
  })

  test('holds its address against clusters', async () => {
    const cluster = home({ big: { class: 'worker', machines: { w: '192.168.1.20' } } })
    expect(errorsOf(await refusedApply([cluster]))).toEqual([
      '/documents/0/spec/workers/big/machines/w: 192.168.1.20 is already taken by the machine nas',
    ])
  })

  test('is deleted as its annotation says, and the guest itself is nobody’s business', async () => {
    const annotated = (policy: string) => ({
      ...anAdopted('kept', { vmid: 103 }),
      metadata: { name: 'kept', annotations: { 'lanline/deletion': policy } },
    })
    await given([annotated('forbid')])
    const path = '/v1/machines/kept'
    const remove = async (query = '') =>
      await call<ProblemBody>('DELETE', `${path}${query}`, { headers: { 'If-Match': await etagOf(path) } })
    expect((await remove()).body.code).toBe('deletion-forbidden')
    await given([annotated('confirm')])
    expect((await remove()).body.code).toBe('confirmation-required')
    expect((await remove('?confirm=kept')).status).toBe(200)
    expect((await call('GET', path)).status).toBe(404)
  })
})

describe('forgetting a cluster', () => {
  const path = '/v1/clusters/lost'
  const forget = async (query: string, etag: string) =>
    await call<ProblemBody>('POST', `${path}/forget${query}`, { headers: { 'If-Match': etag } })

  test('takes its name and its ETag, is audited, and tells its object; a deletion that is stuck ends so, too', async () => {
    const { 'Cluster/lost': uid } = await given([
      aCluster('lost', {
        endpoint: { vip: '192.168.1.100' },
        controlPlane: { class: 'cp-small', schedulable: true, machines: { 'lost-1': '192.168.1.101' } },
      }),
    ])
    const etag = await etagOf(path)
    expect((await call<ProblemBody>('POST', `${path}/forget?confirm=lost`)).body.code).toBe('precondition-required')
    expect((await forget('', etag)).body.code).toBe('confirmation-required')
    expect((await call('DELETE', path, { headers: { 'If-Match': etag } })).status).toBe(202)
    expect(await timesOf(uid!)).toEqual({ deleting_at: expect.any(Number), forgotten_at: null })

    const forgotten = await forget('?confirm=lost', etag)
    expect([forgotten.status, forgotten.body]).toMatchObject([202, { status: { phase: 'deleting' } }])
    expect(await timesOf(uid!)).toEqual({ deleting_at: expect.any(Number), forgotten_at: expect.any(Number) })
    await vi.waitFor(async () => {
      const wakes = (await callsOf('CLUSTER', uid!)).filter(({ method }) => method === 'wake')
      expect(wakes.slice(-2).map(({ args }) => args)).toEqual([
        [uid, 30_000],
        [uid, 0],
      ])
    })
    const audit = await call<{ items: { action: string; name: string }[] }>('GET', '/v1/audit')
    expect(audit.body.items).toContainEqual(expect.objectContaining({ action: 'document.forgotten', name: 'lost' }))
  })

  test('a managed machine is let go by its name and told to its object; an adopted one simply goes', async () => {
    const { 'Machine/kept-running': uid } = await given([
      aManaged('kept-running', { class: 'worker', nics: [{ network: 'lan', ip: '192.168.1.130' }] }),
      anAdopted('looked-at', { vmid: 130 }),
    ])
    const forgetMachine = async (name: string, query: string) =>
      await call<ProblemBody>('POST', `/v1/machines/${name}/forget${query}`, {
        headers: { 'If-Match': await etagOf(`/v1/machines/${name}`) },
      })
    expect((await forgetMachine('kept-running', '')).body.code).toBe('confirmation-required')
    expect((await forgetMachine('kept-running', '?confirm=kept-running')).status).toBe(202)
    expect(await timesOf(uid!)).toEqual({ deleting_at: expect.any(Number), forgotten_at: expect.any(Number) })
    await vi.waitFor(async () => {
      expect(await callsOf('CLUSTER', uid!)).toContainEqual({ method: 'wake', args: [uid, 0] })
    })
    expect((await forgetMachine('looked-at', '?confirm=looked-at')).status).toBe(202)
    expect((await call('GET', '/v1/machines/looked-at')).status).toBe(404)
  })

  test('is refused where deletion is forbidden, and for what is not there', async () => {
    const document = aCluster('held', {
      endpoint: { vip: '192.168.1.110' },
      controlPlane: { class: 'cp-small', schedulable: true, machines: { 'held-1': '192.168.1.111' } },
    })
    await given([{ ...document, metadata: { name: 'held', annotations: { 'lanline/deletion': 'forbid' } } }])
    const headers = { 'If-Match': await etagOf('/v1/clusters/held') }
    const held = await call<ProblemBody>('POST', '/v1/clusters/held/forget?confirm=held', { headers })
    expect([held.status, held.body.code]).toEqual([409, 'deletion-forbidden'])
    const none = await call<ProblemBody>('POST', '/v1/clusters/none/forget?confirm=none', { headers })
    expect(none.status).toBe(404)
  })
})
