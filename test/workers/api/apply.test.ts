import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Document } from '#core/model/document.ts'
import { aClass, aCluster, aNetwork, aSite } from '../../db/builders.ts'
import { apply, call, callsOf, given, letAnswer, migrate, refusedApply, type ProblemBody } from './client.ts'

const homelab = () => [aSite('home'), aNetwork('lan'), aClass('cp-small'), aCluster('home')]
let uids: Record<string, string>

beforeAll(async () => {
  await migrate()
  uids = await given(homelab())
})

/** What is wrong, as `pointer: message`. */
const errorsOf = ({ body }: { body: ProblemBody }) =>
  (body.errors ?? []).map(({ pointer, message }) => `${pointer}: ${message}`)

const moved = (name: string, first: number, spec: Parameters<typeof aCluster>[1] = {}) =>
  aCluster(name, {
    endpoint: { vip: `192.168.1.${first}` },
    controlPlane: { class: 'cp-small', schedulable: true, machines: { [`${name}-1`]: `192.168.1.${first + 1}` } },
    ...spec,
  })

describe('apply', () => {
  test('[A4] applying the same file again changes nothing and wakes nobody', async () => {
    const before = (await callsOf('CLUSTER', uids['Cluster/home']!)).filter(({ method }) => method === 'wake')
    const { body } = await apply(homelab())
    expect(body.results.map(({ kind, action, generation }) => [kind, action, generation])).toEqual([
      ['Site', 'unchanged', 1],
      ['Network', 'unchanged', 1],
      ['MachineClass', 'unchanged', 1],
      ['Cluster', 'unchanged', 1],
    ])
    const after = (await callsOf('CLUSTER', uids['Cluster/home']!)).filter(({ method }) => method === 'wake')
    expect(after).toEqual(before)
  })

  test('[A5] one bad document and nothing is applied', async () => {
    const refused = await refusedApply([aClass('innocent'), aNetwork('bad', { gateway: '10.0.0.1' })])
    expect(errorsOf(refused)).toEqual([
      '/documents/1/spec/gateway: 10.0.0.1 is not a host address in 192.168.1.0/24',
      '/documents/1/spec/cidr: 192.168.1.0/24 overlaps with 192.168.1.0/24 of "lan"',
    ])
    expect(refused.status).toBe(422)
    expect((await call('GET', '/v1/machineclasses/innocent')).status).toBe(404)
  })

  test('[A3] a changed network or class wakes its site, and arms the clusters that use it', async () => {
    const uid = uids['Cluster/home']!
    const before = (await callsOf('CLUSTER', uid)).length
    const siteBefore = (await callsOf('SITE', uids['Site/home']!)).filter(({ method }) => method === 'wake').length
    await apply([aNetwork('lan', { nameservers: ['192.168.1.2'] })])
    await vi.waitFor(async () => {
      const site = (await callsOf('SITE', uids['Site/home']!)).filter(({ method }) => method === 'wake')
      expect(site.slice(siteBefore).map(({ args }) => args[1])).toEqual([30_000, 0])
      expect((await callsOf('CLUSTER', uid)).slice(before)).toContainEqual({ method: 'wake', args: [uid, 30_000] })
    })
  })

  test('a plan shows the arithmetic of the host and what comes first', async () => {
    const host = { name: 'pve-1', online: true, threads: 36, memoryMiB: 90112, version: '9.2' }
    const seen = {
      hosts: [host],
      storages: [
        {
          host: 'pve-1',
          name: 'local-zfs',
          content: ['images'],
          active: true,
          shared: false,
          totalGiB: 900,
          freeGiB: 800,
        },
        { host: 'pve-1', name: 'local', content: ['import'], active: true, shared: false, totalGiB: 90, freeGiB: 80 },
      ],
      bridges: [{ host: 'pve-1', name: 'vmbr0' }],
      guests: [],
      machines: [],
      nodes: [],
    }
    await letAnswer('SITE', uids['Site/home']!, { ledger: { placements: [], seen, seenAt: 1, online: true } })
    const { body } = await apply([moved('planned', 60)], '?dryRun=true')
    expect(body.results).toMatchObject([{ name: 'planned', action: 'created', generation: 1 }])
    const plan = body.plans['planned']!
    expect(plan.capacity).toMatchObject([{ host: 'pve-1', cpu: { physical: 36, inFlight: 4, free: 32 } }])
    expect(plan.findings).toMatchObject([{ code: 'fits' }])
    expect(plan.operations).toContainEqual({ kind: 'secrets.create', subject: 'planned' })
    expect(plan.holds.every(({ text, unblock }) => text.length > 0 && unblock.length > 0)).toBe(true)
    await letAnswer('SITE', uids['Site/home']!, {})
    expect((await call('GET', '/v1/clusters/planned')).status).toBe(404)
  })

  test('too many documents, too many bytes, bad JSON and a foreign media type are refused', async () => {
    const many = await refusedApply(Array.from({ length: 101 }, (_, n) => aClass(`m-${n}`)))
    expect([many.status, many.body.errors?.[0]?.pointer]).toEqual([422, '/documents'])
    const large = await call<ProblemBody>('POST', '/v1/apply', { body: { documents: ['x'.repeat(300_000)] } })
    expect([large.status, large.body.code]).toEqual([413, 'body-too-large'])
    const broken = await call<ProblemBody>('POST', '/v1/apply', { body: '{"documents":' })
    expect([broken.status, broken.body.code]).toEqual([400, 'invalid-request'])
    const yaml = await call<ProblemBody>('POST', '/v1/apply', {
      body: 'documents: []',
      headers: { 'Content-Type': 'application/yaml' },
    })
    expect([yaml.status, yaml.body.code]).toEqual([400, 'invalid-request'])
  })

  test('many documents fit, but so many clusters at once do not', async () => {
    expect((await apply(Array.from({ length: 99 }, (_, n) => aClass(`many-${n}`)))).status).toBe(200)
    const clusters = Array.from({ length: 21 }, (_, n) => moved(`crowd-${n}`, 130 + 2 * n))
    const refused = await refusedApply(clusters)
    expect([refused.status, refused.body.facts]).toMatchObject([400, { affectedObjects: 21, limit: 20 }])
  })
})

describe('what does not hold between documents is refused, field by field', () => {
  const cases: readonly [string, readonly unknown[], readonly string[]][] = [
    [
      'a reference to nothing, with the nearest name',
      [
        moved('c', 60, {
          site: 'homee',
          nodeNetwork: 'lann',
          controlPlane: { ...moved('c', 60).spec.controlPlane, class: 'cp-smal' },
        }),
      ],
      [
        '/documents/0/spec/site: there is no Site "homee", neither here nor in the request',
        '/documents/0/spec/nodeNetwork: there is no Network "lann", neither here nor in the request',
        '/documents/0/spec/controlPlane/class: there is no MachineClass "cp-smal", neither here nor in the request',
      ],
    ],
    [
      'a network of another site',
      [
        aSite('far'),
        aNetwork('far-lan', { site: 'far', cidr: '10.9.0.0/24', gateway: '10.9.0.1', reserved: {} }),
        moved('c', 60, { nodeNetwork: 'far-lan' }),
      ],
      ['/documents/2/spec/nodeNetwork: the network "far-lan" is at site "far", not "home"'],
    ],
    [
      'addresses outside, at the edge, of the gateway and reserved ones',
      [
        moved('c', 60, {
          endpoint: { vip: '192.168.2.9' },
          controlPlane: {
            class: 'cp-small',
            schedulable: true,
            machines: {
              a: '192.168.1.0',
              b: '192.168.1.255',
              c: '192.168.1.1',
              d: '192.168.1.10',
              e: '192.168.1.60',
            },
          },
        }),
      ],
      [
        '/documents/0/spec/endpoint/vip: 192.168.2.9 is not in 192.168.1.0/24 of the network "lan"',
        '/documents/0/spec/controlPlane/machines/a: 192.168.1.0 is the network or broadcast address of 192.168.1.0/24',
        '/documents/0/spec/controlPlane/machines/b: 192.168.1.255 is the network or broadcast address of 192.168.1.0/24',
        '/documents/0/spec/controlPlane/machines/c: 192.168.1.1 is the gateway of the network "lan"',
        '/documents/0/spec/controlPlane/machines/d: 192.168.1.10 is reserved as "infra" (192.168.1.2-192.168.1.19) in the network "lan"',
      ],
    ],
    [
      'an address that is taken, in the cluster itself and in another one',
      [
        moved('c', 60, {
          endpoint: { vip: '192.168.1.51' },
          controlPlane: {
            class: 'cp-small',
            schedulable: true,
            machines: { a: '192.168.1.50', b: '192.168.1.60', c: '192.168.1.60' },
          },
        }),
      ],
      [
        '/documents/0/spec/endpoint/vip: 192.168.1.51 is already taken by the machine cp-1 of cluster home',
        '/documents/0/spec/controlPlane/machines/a: 192.168.1.50 is already taken by the VIP of cluster home',
        '/documents/0/spec/controlPlane/machines/a: 192.168.1.50 is reserved as "vip" (192.168.1.50) in the network "lan"',
        '/documents/0/spec/controlPlane/machines/c: 192.168.1.60 is already taken by the machine b',
      ],
    ],
    [
      'the VIP as the address of a machine',
      [moved('c', 60, { controlPlane: { class: 'cp-small', schedulable: true, machines: { a: '192.168.1.60' } } })],
      ['/documents/0/spec/controlPlane/machines/a: 192.168.1.60 is already taken by the VIP of this cluster'],
    ],
    [
      '[P9] versions out of range',
      [moved('c', 60, { talos: { version: 'v1.9.0' } }), moved('d', 70, { kubernetes: { version: 'v1.99.0' } })],
      [
        '/documents/0/spec/talos/version: v1.9.0 is not supported; supported: 1.12, 1.13, 1.14',
        '/documents/1/spec/kubernetes/version: v1.99.0 is not supported with Talos v1.13.9; supported: 1.31 to 1.36',
      ],
    ],
    [
      'a document twice',
      [aClass('twin'), aClass('twin', { cpu: 6 })],
      ['/documents/1/metadata/name: MachineClass/twin is here for the second time'],
    ],
    [
      'a network that leaves its clusters outside',
      [aNetwork('lan', { reserved: { taken: '192.168.1.53' } })],
      [
        '/documents/0/spec: cluster home does not fit: 192.168.1.53 is reserved as "taken" (192.168.1.53) in the network "lan"',
      ],
    ],
    [
      'hosts and VMIDs taken from a site in use',
      [aSite('home', { vmids: '6000-6999', hosts: [{ name: 'pve-2', storage: 'x', imageStorage: 'local' }] })],
      [
        '/documents/0/spec/vmids: cannot change or lose members while a cluster uses it: "home"',
        '/documents/0/spec/hosts: cannot change or lose members while a cluster uses it: "home"',
      ],
    ],
    [
      'another site for an existing cluster',
      [aSite('other'), { ...aCluster('home'), spec: { ...aCluster('home').spec, site: 'other' } }],
      [
        '/documents/1/spec/nodeNetwork: the network "lan" is at site "home", not "other"',
        '/documents/1/spec/site: cannot change; delete the cluster and create it anew',
      ],
    ],
  ]
  test.each(cases)('%s', async (_title, documents, expected) => {
    const refused = await refusedApply(documents)
    expect(refused.status).toBe(422)
    expect(errorsOf(refused)).toEqual(expected)
  })

  test('two clusters of one request must not share an address either', async () => {
    const refused = await refusedApply([moved('x', 60), moved('y', 61)])
    expect(errorsOf(refused)).toEqual([
      '/documents/0/spec/controlPlane/machines/x-1: 192.168.1.61 is already taken by the VIP of cluster y',
      '/documents/1/spec/endpoint/vip: 192.168.1.61 is already taken by the machine x-1 of cluster x',
    ])
  })

  test('the code is that of all errors when they share one', async () => {
    const codeOf = async (documents: readonly unknown[]) => (await refusedApply(documents)).body.code
    expect(await codeOf([moved('c', 60, { site: 'nowhere' })])).toBe('reference-missing')
    expect(await codeOf([moved('c', 60, { talos: { version: 'v1.9.0' } })])).toBe('unsupported-version')
    expect(await codeOf([moved('c', 60, { site: 'nowhere', talos: { version: 'v1.9.0' } })])).toBe('invalid-document')
  })

  test('hints name what is nearest, stored or sent', async () => {
    const hints = async (documents: readonly unknown[]) =>
      (await refusedApply(documents)).body.errors?.map(({ hint }) => hint)
    expect(await hints([moved('c', 60, { site: 'homee', nodeNetwork: 'lann' })])).toEqual([
      'did you mean "home"?',
      'did you mean "lan"?',
    ])
  })
})

describe('schema errors', () => {
  const broken = (change: (document: Record<string, Record<string, unknown>>) => void): unknown => {
    const document = structuredClone(aCluster('broken')) as unknown as Record<string, Record<string, unknown>>
    change(document)
    return document
  }

  test('an unknown field is an error with the nearest name, one error for each', async () => {
    const { status, body } = await refusedApply([
      aClass('fine'),
      broken(({ spec }) => {
        spec!['contorlPlane'] = spec!['controlPlane']
        delete spec!['controlPlane']
        spec!['bogus'] = 1
      }),
    ])
    expect(status).toBe(422)
    expect(body.errors).toHaveLength(2)
    expect(body.errors).toEqual(
      expect.arrayContaining([
        {
          pointer: '/documents/1/spec/contorlPlane',
          path: 'spec.contorlPlane',
          code: 'invalid-document',
          message: 'unknown field',
          hint: 'did you mean "controlPlane"?',
        },
        {
          pointer: '/documents/1/spec/bogus',
          path: 'spec.bogus',
          code: 'invalid-document',
          message: 'unknown field',
          hint: 'known here: site, talos, kubernetes, nodeNetwork, endpoint, controlPlane, workers, access, machinePatches, drain, drift',
        },
      ]),
    )
  })

  test('an unknown field beside hosts is hinted as well', async () => {
    const site: Document = aSite('hinted')
    const documents = [
      { ...site, spec: { ...site.spec, hosts: [{ name: 'pve-1', storge: 'local-zfs', storage: 'x' }] } },
    ]
    const { body } = await refusedApply(documents)
    expect(body.errors).toMatchObject([
      { pointer: '/documents/0/spec/hosts/0/storge', path: 'spec.hosts[0].storge', hint: 'did you mean "storage"?' },
    ])
  })

  test('an unknown kind and a missing one are named', async () => {
    const { body } = await refusedApply([{ ...aClass('x'), kind: 'MachineKlass' }, { spec: {} }])
    expect(body.errors).toMatchObject([
      { pointer: '/documents/0/kind', message: expect.stringContaining('unknown kind "MachineKlass"') },
      { pointer: '/documents/1/kind' },
    ])
  })
})

test('[A5] two requests for the last free address: one wins, the other learns who has it', async () => {
  const outcomes = await Promise.all([refusedApply([moved('left', 200)]), refusedApply([moved('right', 200)])])
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set([200, 422]))
  const loser = outcomes.find(({ status }) => status === 422)!
  expect(errorsOf(loser)[0]).toContain('192.168.1.200 is already taken by the VIP of cluster')
})
