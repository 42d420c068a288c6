import { request as httpsRequest } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueLeaf } from '#lab/talos/pki.ts'
import { newBundle, type Bundle } from '../talos/support/bundle.ts'
import { portOf } from '../talos/support/client.ts'
import { bringUp, configure, nodeOf, VIP } from '../talos/support/cluster.ts'
import { aGuest, newSite, until, type Site } from '../talos/support/site.ts'

const ROLE = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: node-reader}
rules: [{apiGroups: [''], resources: [nodes], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: node-readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: node-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'lanline:reader'}]
`
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const guests = [1, 2, 3].map((number) => aGuest(number))

let site: Site
let bundle: Bundle
beforeAll(async () => {
  site = newSite()
  bundle = await newBundle()
  await bringUp(site, bundle, guests, { schedulable: false, inlineManifests: [{ name: 'readers', contents: ROLE }] })
})
afterAll(() => site.close())

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly text: string
}
interface Credentials {
  readonly groups?: readonly string[]
  readonly authority?: Bundle['kubernetes']
  readonly headers?: Record<string, string>
}

async function call(
  method: string,
  path: string,
  who: Credentials | 'anonymous' = { groups: ['system:masters'] },
  body?: string,
): Promise<Answer> {
  const leaf =
    who === 'anonymous'
      ? undefined
      : await issueLeaf(who.authority ?? bundle.kubernetes, {
          commonName: 'somebody',
          organizations: who.groups ?? [],
          usage: 'client',
          keyType: 'ecdsa',
          lifetimeMs: 3_600_000,
          at: Date.now(),
        })
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: portOf(site.lan, VIP, 6443),
        servername: 'kubernetes',
        method,
        path,
        ca: bundle.kubernetes.certPem,
        ...(leaf ? { cert: leaf.certPem, key: leaf.keyPem } : {}),
        headers: who === 'anonymous' ? {} : (who.headers ?? {}),
        agent: false,
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => {
          const isJson = (response.headers['content-type']?.includes('json') ?? false) && !path.includes('watch=1')
          resolve({
            status: response.statusCode ?? 0,
            text,
            body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
          })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const itemsOf = (answer: Answer) =>
  answer.body['items'] as {
    metadata: { name: string; labels: Record<string, string> }
    spec: Record<string, unknown>
    status: Record<string, unknown>
  }[]

describe('who may ask the API server', () => {
  test('anybody may ask for its health, and for nothing else', async () => {
    expect(await call('GET', '/readyz', 'anonymous')).toMatchObject({ status: 200, text: 'ok' })
    expect(await call('GET', '/api/v1/nodes', 'anonymous')).toMatchObject({
      status: 401,
      body: { reason: 'Unauthorized' },
    })
    expect((await call('GET', '/version', 'anonymous')).status).toBe(401)
  })

  test('a certificate of another authority is nobody', async () => {
    const foreign = await newBundle()
    expect(
      (await call('GET', '/api/v1/nodes', { groups: ['system:masters'], authority: foreign.kubernetes })).status,
    ).toBe(401)
  })

  test('a name without rights is told what it may not do', async () => {
    const answer = await call('GET', '/api/v1/nodes', { groups: ['strangers'] })
    expect(answer).toMatchObject({
      status: 403,
      body: {
        reason: 'Forbidden',
        message:
          'nodes is forbidden: User "somebody" cannot list resource "nodes" in API group "" at the cluster scope',
      },
    })
  })

  test('a group bound by a manifest of the machine configuration may do what its role says', async () => {
    const reader = { groups: ['lanline:reader'] }
    expect((await call('GET', '/api/v1/nodes', reader)).status).toBe(200)
    expect((await call('GET', '/api/v1/nodes/cp-1', reader)).status).toBe(200)
    expect((await call('DELETE', '/api/v1/nodes/cp-1', reader)).status).toBe(403)
    expect((await call('GET', '/api/v1/pods', reader)).status).toBe(403)
  })

  test('only who may impersonate acts as another', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'lanline:reader' }
    const masters = await call('DELETE', '/api/v1/nodes/cp-1', { groups: ['system:masters'], headers })
    expect(masters.body['message']).toContain('User "jane" cannot delete')
    expect((await call('GET', '/api/v1/nodes', { groups: ['lanline:reader'], headers })).status).toBe(403)
  })
})

describe('what the API server shows', () => {
  test('nodes with the labels, taints, addresses and versions that their configuration asks for', async () => {
    const nodes = itemsOf(await call('GET', '/api/v1/nodes'))
    expect(nodes.map((node) => node.metadata.name)).toEqual(['cp-1', 'cp-2', 'cp-3'])
    const [first] = nodes
    expect(first?.metadata.labels).toMatchObject({
      'node-role.kubernetes.io/control-plane': '',
      'kubernetes.io/hostname': 'cp-1',
    })
    expect(first?.spec['taints']).toEqual([{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }])
    expect(first?.status['addresses']).toContainEqual({ type: 'InternalIP', address: '192.168.1.51' })
    expect(first?.status['nodeInfo']).toMatchObject({ kubeletVersion: 'v1.36.3', systemUUID: guests[0]?.uuid })
  })

  test('the pods of kube-system, by node and by label', async () => {
    await until(
      () => site.world.cluster(bundle.id).kubernetes.store.find('pods', 'coredns-6f6b679f8f-r4xqz', 'kube-system'),
      'CoreDNS',
    )
    const apps = async (query: string) =>
      itemsOf(await call('GET', `/api/v1/namespaces/kube-system/pods?${query}`)).map(
        (pod) => pod.metadata.labels['k8s-app'],
      )
    expect(await apps('fieldSelector=spec.nodeName%3Dcp-2')).toEqual(
      expect.arrayContaining(['flannel', 'kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler']),
    )
    expect(await apps('labelSelector=k8s-app%3Dkube-dns')).toEqual(['kube-dns', 'kube-dns'])
    expect(await apps('labelSelector=k8s-app%3Dnothing')).toEqual([])
    const proxies = { 'k8s-app = kube-proxy': 3, 'k8s-app in (kube-proxy, kube-dns),tier notin (x)': 5, '!k8s-app': 0 }
    for (const [selector, count] of Object.entries(proxies))
      expect(await apps(`labelSelector=${encodeURIComponent(selector)}`)).toHaveLength(count)
  })

  test('the sets of Talos’ manifests, and how many of their pods are ready', async () => {
    const ready = (kind: string) =>
      call('GET', `/apis/apps/v1/namespaces/kube-system/${kind}`).then((answer) =>
        itemsOf(answer).map(({ metadata, status }) => [
          metadata.name,
          status['numberReady'] ?? status['readyReplicas'],
        ]),
      )
    expect(await ready('daemonsets')).toEqual([
      ['kube-flannel', 3],
      ['kube-proxy', 3],
    ])
    expect(await ready('deployments')).toEqual([['coredns', 2]])
    expect(await ready('replicasets')).toEqual([['coredns-6f6b679f8f', 2]])
    const path = '/apis/apps/v1/daemonsets'
    const { body } = await call('GET', path, { groups: ['system:masters'], headers: { accept: TABLE } })
    const rows = body['rows'] as { cells: unknown[] }[]
    expect(rows[1]?.cells.slice(0, 7)).toEqual(['kube-proxy', 3, 3, 3, 3, 3, '<none>'])
  })

  test('the table that kubectl prints', async () => {
    const { body } = await call('GET', '/api/v1/nodes', { groups: ['system:masters'], headers: { accept: TABLE } })
    expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' })
    const rows = body['rows'] as { cells: string[] }[]
    expect(rows.map(({ cells }) => [cells[0], cells[1], cells[2], cells[4]])).toEqual(
      ['cp-1', 'cp-2', 'cp-3'].map((name) => [name, 'Ready', 'control-plane', 'v1.36.3']),
    )
  })

  test('what is not there, and what is not served', async () => {
    expect(await call('GET', '/api/v1/nodes/cp-9')).toMatchObject({
      status: 404,
      body: { reason: 'NotFound', message: 'nodes "cp-9" not found' },
    })
    expect((await call('GET', '/apis/batch/v1/jobs')).status).toBe(404)
    expect((await call('DELETE', '/api/v1/nodes')).status).toBe(404)
    expect((await call('PUT', '/api/v1/nodes/cp-1', undefined, '{}')).status).toBe(405)
    expect((await call('GET', '/api/v1/nodes/cp-1/proxy')).status).toBe(404)
    expect((await call('POST', '/api/v1/nodes', undefined, '{}')).status).toBe(405)
  })

  test('discovery names what it serves', async () => {
    expect((await call('GET', '/api')).body).toMatchObject({ versions: ['v1'] })
    const resources = (await call('GET', '/api/v1')).body['resources'] as { name: string }[]
    expect(resources.map((resource) => resource.name)).toEqual([
      'namespaces',
      'configmaps',
      'nodes',
      'pods',
      'pods/eviction',
    ])
    expect((await call('GET', '/version')).body).toMatchObject({ gitVersion: 'v1.36.3' })
  })
})

describe('what changes', () => {
  test('a watch follows a node that is cordoned', async () => {
    const { body } = await call('GET', '/api/v1/nodes')
    const from = (body['metadata'] as { resourceVersion: string }).resourceVersion
    const patched = await call(
      'PATCH',
      '/api/v1/nodes/cp-3',
      { groups: ['system:masters'], headers: { 'content-type': 'application/strategic-merge-patch+json' } },
      '{"spec":{"unschedulable":true}}',
    )
    expect(patched.body['spec']).toMatchObject({ unschedulable: true })
    const watched = await call('GET', `/api/v1/nodes?watch=1&resourceVersion=${from}&timeoutSeconds=1`)
    const [event] = watched.text.split('\n')
    expect(JSON.parse(event ?? '{}')).toMatchObject({ type: 'MODIFIED', object: { metadata: { name: 'cp-3' } } })
  })

  test('a deleted node takes its pods along and comes back only with its kubelet', async () => {
    const worker = aGuest(4, { name: 'worker-1' })
    await configure(site, bundle, worker, { type: 'worker' })
    await until(() => nodeOf(site, worker).nodeReady, 'the worker is ready')
    const { kubernetes } = site.world.cluster(bundle.id)
    const proxy = () => kubernetes.store.find('daemonsets', 'kube-proxy', 'kube-system')?.['status']
    expect(proxy()).toMatchObject({ desiredNumberScheduled: 4, numberReady: 4 })
    expect((await call('DELETE', '/api/v1/nodes/worker-1')).status).toBe(200)
    expect(
      kubernetes.store.list('pods').filter((pod) => JSON.stringify(pod).includes('"nodeName":"worker-1"')),
    ).toEqual([])
    expect(proxy()).toMatchObject({ desiredNumberScheduled: 3, numberReady: 3 })
    expect((await call('GET', '/api/v1/nodes/worker-1')).status).toBe(404)
    await site.guests.powerOff(worker.uuid, 'stop')
    site.guests.powerOn(worker)
    await until(() => kubernetes.store.find('nodes', 'worker-1'), 'the node is back')
  })

  test('a node whose machine is off is Unknown after a while, and without a quorum nothing is answered', async () => {
    const { kubernetes } = site.world.cluster(bundle.id)
    await site.guests.powerOff(guests[2]?.uuid ?? '', 'stop')
    await until(
      () => JSON.stringify(kubernetes.store.find('nodes', 'cp-3')).includes('NodeStatusUnknown'),
      'cp-3 is unknown',
    )
    expect(kubernetes.store.find('daemonsets', 'kube-proxy', 'kube-system')?.['status']).toMatchObject({
      numberReady: 3,
      numberUnavailable: 1,
    })
    await until(() => portOf(site.lan, VIP, 6443), 'the VIP is somewhere')
    const { body } = await call('GET', '/api/v1/nodes/cp-3', { groups: ['system:masters'], headers: { accept: TABLE } })
    expect((body['rows'] as { cells: string[] }[])[0]?.cells[1]).toBe('NotReady,SchedulingDisabled')
    await site.guests.powerOff(guests[1]?.uuid ?? '', 'stop')
    const port = portOf(site.lan, '192.168.1.51', 6443)
    expect(port).toBeDefined()
    site.lan.serve(VIP, 6443, port ?? 0)
    expect(await call('GET', '/readyz', 'anonymous')).toMatchObject({ status: 500 })
    expect((await call('GET', '/livez', 'anonymous')).status).toBe(200)
    expect((await call('GET', '/api/v1/nodes')).status).toBe(500)
  })
})
