import { beforeAll, describe, expect, test } from 'vitest'
import { openDb } from '#db/open.ts'
import { publishStatus } from '#db/statuses.ts'
import { aClass, aCluster, aNetwork, aSite } from '../../db/builders.ts'
import { call, env, given, migrate, type ProblemBody } from './client.ts'

const PATH = '/v1/clusters/set'
const CREATE = { 'If-None-Match': '*' }
const spec = aCluster('set').spec
const withTalos = (talos: object) => aCluster('set', { talos: { ...spec.talos, ...talos } })
const put = <T>(body: unknown, headers: Record<string, string>) => call<T>('PUT', PATH, { body, headers })

beforeAll(async () => {
  await migrate()
  await given([aSite('home'), aNetwork('lan'), aClass('cp-small')])
})

describe('settings and patches of a cluster', () => {
  test.each<readonly [string, object, string, string, RegExp]>([
    [
      'a patch of what Lanline decides',
      withTalos({ patches: [{ machine: { env: { A: 'b' } } }, { cluster: { secret: 'x' } }] }),
      '/spec/talos/patches/1/cluster/secret',
      'invalid-document',
      /^is not for patches: it comes from the secrets bundle/,
    ],
    [
      'a field that Talos does not know',
      withTalos({ patches: [{ machine: { sysctl: {} } }] }),
      '/spec/talos/patches/0/machine/sysctl',
      'invalid-document',
      /^unknown field of Talos$/,
    ],
    [
      'a JSON Patch',
      withTalos({ patches: [{ op: 'add', path: '/machine/env', value: {} }] }),
      '/spec/talos/patches/0',
      'invalid-document',
      /^is a JSON Patch/,
    ],
    [
      'YAML text',
      withTalos({ patches: ['machine: {}'] }),
      '/spec/talos/patches/0',
      'invalid-document',
      /^must be a map/,
    ],
    [
      'a passphrase',
      withTalos({ diskEncryption: { state: [{ kind: 'passphrase' }] } }),
      '/spec/talos/diskEncryption/state/0/kind',
      'invalid-document',
      /^a passphrase is a secret/,
    ],
    [
      'a patch for a machine that is not there',
      aCluster('set', { machinePatches: { ghost: [] } }),
      '/spec/machinePatches/ghost',
      'invalid-document',
      /^there is no machine "ghost"/,
    ],
    [
      'a setting that the contract does not know',
      withTalos({ workloadIsolation: false }),
      '/spec/talos/workloadIsolation',
      'invalid-document',
      /begins with Talos 1\.14; this cluster has the contract 1\.13/,
    ],
    [
      'more than a message to the agent can hold',
      withTalos({ patches: [{ machine: { env: { A: 'x'.repeat(60_000) } } }] }),
      '/spec',
      'invalid-document',
      /one message to the agent has room for 48$/,
    ],
  ])('%s is refused at its place, and nothing is written', async (_, body, pointer, code, message) => {
    const { status, body: refused } = await put<ProblemBody>(body, CREATE)
    expect([status, refused.code]).toEqual([422, code])
    expect(refused.errors).toMatchObject([{ pointer, message: expect.stringMatching(message) as unknown }])
    expect((await call('GET', PATH)).status).toBe(404)
  })

  test('[A8] are taken until the cluster is bootstrapped, and afterwards refused by the name of the field', async () => {
    const patches = [{ machine: { sysctls: { 'vm.swappiness': '1' } } }]
    const created = await put(withTalos({ patches, timeServers: ['192.168.1.1'] }), CREATE)
    expect([created.status, created.body]).toMatchObject([201, { spec: { talos: { patches } } }])
    const etag = { 'If-Match': created.headers.get('ETag')! }
    const status = { phase: 'ready', bootstrapped: true, talosContract: '1.13' }
    const uid = (created.body as { metadata: { uid: string } }).metadata.uid
    await publishStatus(openDb(env.DB), { uid, kind: 'Cluster', phase: 'ready', status, observedGeneration: 1, at: 1 })
    expect((await call('GET', PATH)).body).toMatchObject({ status: { talosContract: '1.13' } })

    const refused = await put<ProblemBody>(withTalos({ patches: [], timeServers: ['192.168.1.1'] }), etag)
    expect([refused.status, refused.body.code]).toEqual([422, 'change-not-supported'])
    expect(refused.body.errors).toMatchObject([{ pointer: '/spec/talos/patches' }])
  })
})
