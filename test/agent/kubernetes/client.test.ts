import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { servingCertificate, type ServingCertificate } from '#test/support/serving-certificate.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { dialerTo } from '#test/support/talos-server.ts'
import { kubernetesClient, type KubernetesClient } from '#agent/kubernetes/client.ts'
import type { ClientIdentity } from '#agent/vault/client-identity.ts'
import { mintKubernetesClient } from '#agent/vault/mint.ts'
import { pemOf } from '#agent/vault/pki.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

const VIP = '192.168.1.50'
const SERVER = `https://${VIP}:6443`

let bundle: SecretsBundle
let identity: ClientIdentity
let serving: ServingCertificate
beforeAll(async () => {
  bundle = await aBundle()
  identity = await mintKubernetesClient(bundle, { user: 'lanline', groups: ['system:masters'] }, 3_600_000, Date.now())
  serving = await servingCertificate({ authority: bundle.certs.k8s, addresses: [VIP] })
})

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function anApi(answer: Answer): Promise<KubernetesClient> {
  const server: Server = createServer({ ...serving, ca: pemOf(bundle.certs.k8s.crt), requestCert: true }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const dialer = dialerTo(new Map([[VIP, (server.address() as AddressInfo).port]]))
  const client = kubernetesClient({ dialer, server: SERVER, identity })
  open.push(() => client.close())
  return client
}

const reply = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const aNode = (name: string) => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  spec: { unschedulable: true },
  status: {
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: 'True' },
    ],
    addresses: [
      { type: 'InternalIP', address: '192.168.1.51' },
      { type: 'Hostname', address: name },
    ],
    nodeInfo: { kubeletVersion: 'v1.36.3' },
  },
})

describe('the Kubernetes client', () => {
  test('shows the certificate of its user and trusts only the cluster', async () => {
    const client = await anApi((request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate()
      reply(response, peer.subject.CN === 'lanline' && peer.subject.O === 'system:masters' ? 200 : 401, {})
    })
    expect(await client.readyz()).toEqual({ ok: true, value: undefined })
  })

  test('lists nodes over several pages in our words', async () => {
    const client = await anApi((request, response) => {
      const query = new URL(request.url ?? '', SERVER).searchParams
      if (query.get('continue') === 'more')
        return reply(response, 200, { items: [{ metadata: { name: 'b' }, status: {} }] })
      return reply(response, 200, { metadata: { continue: 'more' }, items: [aNode('a')] })
    })
    expect(await client.listNodes()).toEqual({
      ok: true,
      value: [
        {
          name: 'a',
          ready: true,
          schedulable: false,
          kubeletVersion: 'v1.36.3',
          addresses: ['192.168.1.51'],
          labels: { 'kubernetes.io/hostname': 'a' },
          annotations: {},
        },
        { name: 'b', ready: false, schedulable: true, kubeletVersion: '', addresses: [], labels: {}, annotations: {} },
      ],
    })
  })

  test('lists the pods of a namespace', async () => {
    const client = await anApi((request, response) => {
      expect(request.url).toBe('/api/v1/namespaces/kube-system/pods?limit=500')
      const status = { phase: 'Running', hostIP: '192.168.1.51', conditions: [{ type: 'Ready', status: 'True' }] }
      reply(response, 200, { items: [{ metadata: { name: 'dns', labels: { 'k8s-app': 'kube-dns' } }, status }] })
    })
    expect(await client.listPods('kube-system')).toEqual({
      ok: true,
      value: [
        { name: 'dns', hostIp: '192.168.1.51', phase: 'Running', ready: true, labels: { 'k8s-app': 'kube-dns' } },
      ],
    })
  })

  test('deleting a node that is gone already is fine', async () => {
    const client = await anApi((request, response) => {
      reply(response, request.url === '/api/v1/nodes/a' && request.method === 'DELETE' ? 200 : 404, { message: 'no' })
    })
    expect(await client.deleteNode('a')).toEqual({ ok: true, value: 'deleted' })
    expect(await client.deleteNode('b')).toEqual({ ok: true, value: 'absent' })
  })

  test.each([
    [401, 'kubernetes-refused', 'never'],
    // The rights of our group come with a manifest that is applied after the API is up.
    [403, 'kubernetes-forbidden', 'later'],
  ] as const)('an API that does not accept us (%i) is %s, tried again: %s', async (status, code, retry) => {
    const client = await anApi((_, response) => reply(response, status, { kind: 'Status', message: 'who are you' }))
    const refused = { code, retry, facts: { status, reason: 'who are you' } }
    expect(await client.listNodes()).toMatchObject({ ok: false, error: refused })
    expect(await client.deleteNode('a')).toMatchObject({ ok: false, error: refused })
  })

  test('cordons with a note of whose sake it is, and takes back only what was done for the same', async () => {
    const sent: unknown[] = []
    let node: Record<string, unknown> = aNode('a')
    const client = await anApi((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        if (request.method === 'PATCH') sent.push([request.headers['content-type'], JSON.parse(body)])
        reply(response, 200, node)
      })
    })
    expect(await client.cordon('a', 'm-1')).toEqual({ ok: true, value: 'cordoned' })
    expect(await client.uncordon('a', 'm-1')).toEqual({ ok: true, value: undefined })
    expect(sent).toEqual([])

    node = { ...aNode('a'), spec: {} }
    expect(await client.cordon('a', 'm-1')).toEqual({ ok: true, value: 'cordoned' })
    node = { metadata: { name: 'a', annotations: { 'lanline/cordoned-for': 'm-1' } }, spec: {}, status: {} }
    await client.uncordon('a', 'm-2')
    await client.uncordon('a', 'm-1')
    const patch = (cordonedFor: string | null, unschedulable: true | null) => [
      'application/merge-patch+json',
      { metadata: { annotations: { 'lanline/cordoned-for': cordonedFor } }, spec: { unschedulable } },
    ]
    expect(sent).toEqual([patch('m-1', true), patch(null, null)])
  })

  test('lists what is bound to a node, in the words that decide whether it has to leave', async () => {
    const client = await anApi((request, response) => {
      expect(new URL(request.url ?? '', SERVER).searchParams.get('fieldSelector')).toBe('spec.nodeName=a')
      const metadata = { name: 'web-1', namespace: 'shop', uid: 'u-1' }
      const ownerReferences = [{ kind: 'ReplicaSet', controller: true }]
      const volumes = [{ name: 'x', emptyDir: {} }]
      const annotations = { 'kubernetes.io/config.mirror': 'hash' }
      reply(response, 200, {
        items: [
          { metadata: { ...metadata, ownerReferences }, spec: { volumes }, status: { phase: 'Running' } },
          { metadata: { ...metadata, name: 'static', annotations, deletionTimestamp: '2026-01-01T00:00:00Z' } },
        ],
      })
    })
    const bound = { namespace: 'shop', uid: 'u-1', controller: undefined }
    expect(await client.listPodsOn('a')).toEqual({
      ok: true,
      value: [
        {
          ...bound,
          name: 'web-1',
          phase: 'Running',
          controller: 'ReplicaSet',
          isMirror: false,
          isLeaving: false,
          hasEmptyDir: true,
        },
        { ...bound, name: 'static', phase: '', isMirror: true, isLeaving: true, hasEmptyDir: false },
      ],
    })
  })

  test.each([
    [201, {}, { is: 'accepted' }],
    [404, { message: 'pods "web-1" not found' }, { is: 'gone' }],
    [409, { message: 'Precondition failed: UID in precondition: u-1' }, { is: 'gone' }],
    [
      429,
      {
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget web needs 2 healthy pods' }],
        },
      },
      { is: 'refused', reason: 'The disruption budget web needs 2 healthy pods', retryAfterS: 10 },
    ],
  ] as const)('an eviction that the API answers with %i', async (status, body, expected) => {
    const client = await anApi((request, response) => {
      expect(request.url).toBe('/api/v1/namespaces/shop/pods/web-1/eviction')
      if (status === 429) response.setHeader('retry-after', '10')
      reply(response, status, body)
    })
    const pod = { namespace: 'shop', name: 'web-1', uid: 'u-1', phase: 'Running', controller: undefined }
    const evicted = await client.evictPod({ ...pod, isMirror: false, isLeaving: false, hasEmptyDir: false })
    expect(evicted).toEqual({ ok: true, value: expected })
  })

  test('a refusal carries its status and reason', async () => {
    const client = await anApi((_, response) => reply(response, 503, { kind: 'Status', message: 'etcd is not ready' }))
    expect(await client.listNodes()).toMatchObject({
      ok: false,
      error: { code: 'kubernetes-unreachable', retry: 'later', facts: { status: 503, reason: 'etcd is not ready' } },
    })
  })

  test('nonsense is no list', async () => {
    const client = await anApi((_, response) => reply(response, 200, { items: [{ name: 5 }] }))
    expect(await client.listNodes()).toMatchObject({ ok: false, error: { code: 'kubernetes-unreachable' } })
  })

  test('a list that never ends is given up', async () => {
    const client = await anApi((_, response) => reply(response, 200, { metadata: { continue: 'again' }, items: [] }))
    expect(await client.listNodes()).toMatchObject({ ok: false, error: { facts: { reason: 'too-many-items' } } })
  })

  test('a lost answer to a deletion leaves the outcome unknown, to a question nothing', async () => {
    const client = await anApi((request) => request.socket.destroy())
    expect(await client.deleteNode('a')).toMatchObject({ ok: false, error: { code: 'outcome-unknown' } })
    expect(await client.listNodes()).toMatchObject({ ok: false, error: { code: 'kubernetes-unreachable' } })
  })

  test('a deletion that never left is not an unknown outcome', async () => {
    const client = kubernetesClient({ dialer: dialerTo(new Map()), server: SERVER, identity })
    open.push(() => client.close())
    expect(await client.deleteNode('a')).toMatchObject({ ok: false, error: { code: 'kubernetes-unreachable' } })
  })

  test('an abort is a cancellation', async () => {
    const abort = new AbortController()
    const client = await anApi(() => abort.abort())
    expect(await client.listNodes(abort.signal)).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  })

  test('a server that the cluster did not certify is not spoken to', async () => {
    const other = await servingCertificate({ addresses: [VIP] })
    serving = other
    const client = await anApi((_, response) => reply(response, 200, {}))
    expect(await client.deleteNode('a')).toMatchObject({ ok: false, error: { code: 'kubernetes-unreachable' } })
  })
})
