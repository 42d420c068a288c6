import { beforeAll, describe, expect, test } from 'vitest'
import { openDb } from '#db/open.ts'
import { publishStatus } from '#db/statuses.ts'
import { aClass, aCluster, aManaged, aNetwork, aSite } from '../../db/builders.ts'
import { call, callsOf, env, given, letAnswer, migrate, refusedApply, type ProblemBody } from './client.ts'

/** Machines that Lanline keeps beside clusters, at the people's door. */
const MAC = 'BC:24:11:00:00:01'
let uids: Record<string, string>
const path = '/v1/machines/nas'
const etagOf = async (at: string) => (await call('GET', at)).headers.get('ETag')!
const errorsOf = ({ body }: { body: ProblemBody }) =>
  (body.errors ?? []).map(({ pointer, message }) => `${pointer}: ${message}`)
const publish = (phase: string, bootstrapped: boolean) =>
  publishStatus(openDb(env.DB), {
    uid: uids['Machine/nas']!,
    kind: 'Machine',
    phase,
    status: { phase, observedGeneration: 1, bootstrapped, machines: [], waiting: [], findings: [] },
    observedGeneration: 1,
    at: 1,
  })

beforeAll(async () => {
  await migrate()
  uids = await given([
    aSite('home'),
    aNetwork('lan'),
    aClass('cp-small'),
    aClass('big', { cpu: 8 }),
    aCluster('home'),
    aManaged('nas', { nics: [{ network: 'lan', ip: '192.168.1.45', mac: MAC }] }),
  ])
})

describe('a managed machine', () => {
  test('wakes an object of its own, and is shown with its status', async () => {
    const uid = uids['Machine/nas']!
    expect(await callsOf('CLUSTER', uid)).toContainEqual({ method: 'wake', args: [uid, 30_000] })
    expect((await call('GET', path)).body).toMatchObject({ spec: { mode: 'managed' }, status: { phase: 'waiting' } })
    await publish('ready', false)
    expect((await call('GET', path)).body).toMatchObject({ status: { phase: 'ready' } })
  })

  test('[A7] keeps its class and its network from being deleted', async () => {
    for (const at of ['/v1/machineclasses/cp-small', '/v1/networks/lan']) {
      const refused = await call<ProblemBody>('DELETE', at, { headers: { 'If-Match': await etagOf(at) } })
      expect(refused.status).toBe(409)
      expect(refused.body.facts).toMatchObject({ by: expect.arrayContaining(['Machine/nas']) })
    }
  })

  test.each([
    [{ class: 'cp-smal' }, 'class: there is no MachineClass "cp-smal", neither here nor in the request'],
    [{ host: 'pve-9' }, 'host: the site "home" has no host "pve-9"'],
    [
      { nics: [{ network: 'lan', ip: '192.168.1.51' }] },
      'nics/0/ip: 192.168.1.51 is already taken by the machine cp-1 of cluster home',
    ],
    [
      { nics: [{ network: 'lan', mac: MAC.toLowerCase() }] },
      `nics/0/mac: ${MAC} is already the MAC of the machine nas`,
    ],
    [{ drawFrom: 'spare' }, 'drawFrom: no host of the site "home" has a reservation "spare"'],
  ])('%j is refused with one sentence', async (spec, said) => {
    expect(errorsOf(await refusedApply([aManaged('second', spec)]))).toEqual([`/documents/0/spec/${said}`])
  })

  test('[A8] is what it was made as: until then it may become another', async () => {
    const other = aManaged('nas', { class: 'big', nics: [{ network: 'lan', ip: '192.168.1.45', mac: MAC }] })
    await given([other])
    await publish('ready', true)
    const changed = aManaged('nas', { ...other.spec, class: 'cp-small' } as Parameters<typeof aManaged>[1])
    expect(errorsOf(await refusedApply([changed]))).toEqual([
      '/documents/0/spec/class: cannot change once the machine is made',
    ])
    expect(errorsOf(await refusedApply([aClass('big', { cpu: 16 })]))).toEqual([
      '/documents/0/spec/cpu: cannot change while a managed machine is made of it: "nas"',
    ])
  })

  test('shows its operations, and one that is stuck is ended by a person as that of a cluster', async () => {
    const uid = uids['Machine/nas']!
    const stuck = {
      operationId: `${uid}-1`,
      kind: 'machine.create',
      subject: 'm',
      key: 'k',
      input: { machineId: 'm', name: 'nas' },
      state: 'failed',
      attempt: 5,
      createdAt: 1,
      retryable: true,
    }
    await letAnswer('CLUSTER', uid, { operations: [stuck], decide: { ok: true }, operation: stuck })
    expect((await call('GET', '/v1/operations?machine=nas')).body).toEqual({ items: [{ ...stuck, cluster: 'nas' }] })
    expect((await call('POST', `/v1/operations/${uid}-1/retry`)).status).toBe(200)
    expect((await call('GET', '/v1/operations?machine=none')).status).toBe(404)
    expect((await call('GET', '/v1/operations?machine=nas&cluster=home')).status).toBe(400)
  })

  test('is deleted by its object, and gone when that says so', async () => {
    const deleted = await call('DELETE', path, { headers: { 'If-Match': await etagOf(path) } })
    expect([deleted.status, deleted.body]).toMatchObject([202, { status: { phase: 'deleting' } }])
    expect((await call('GET', path)).status).toBe(200)
    await publish('gone', true)
    expect((await call('GET', path)).status).toBe(404)
  })
})
