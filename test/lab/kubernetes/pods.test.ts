import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answer } from '#lab/kubernetes/answer.ts'
import type { ApiServerOptions } from '#lab/kubernetes/api-server.ts'
import { KubernetesCluster } from '#lab/kubernetes/cluster.ts'
import type { NodeFacts } from '#lab/kubernetes/node-object.ts'
import { labTime } from '#lab/time.ts'
import { until } from '../talos/support/site.ts'

/** One cluster without its sockets: the API's answers, its scheduler and its controllers, a thousand times faster. */
const time = labTime(1_000)
let cluster: KubernetesCluster
let options: ApiServerOptions
beforeEach(() => {
  cluster = new KubernetesCluster(time)
  options = {
    cluster,
    serving: { certPem: '', keyPem: '' } as ApiServerOptions['serving'],
    clientCaPem: '',
    kubernetesVersion: () => '1.36.3',
    time,
  }
  for (const name of ['w-1', 'w-2']) addNode(name)
})
afterEach(() => cluster.close())

function addNode(name: string, differs: Partial<NodeFacts> = {}): void {
  const is = { cores: 4, memoryMiB: 4_096, kubeletVersion: '1.36.3', talosVersion: 'v1.13.9' }
  const last = name.at(-1) ?? '0'
  const at = { address: `192.168.1.6${last}`, podCidr: `10.244.${last}.0/24`, uuid: `u-${name}`, bootId: 'b' }
  cluster.registerNode({ name, ...is, ...at, labels: {}, annotations: {}, taints: [], ...differs })
  cluster.setReadiness(name, { status: 'True' })
}

function call(method: string, path: string, body?: unknown, contentType = 'application/merge-patch+json') {
  const url = new URL(path, 'https://kubernetes')
  const given = answer(
    options,
    { name: 'admin', groups: ['system:masters'] },
    {
      method,
      path: url.pathname,
      query: url.searchParams,
      accept: 'application/json',
      contentType,
      impersonate: undefined,
      body: body === undefined ? undefined : JSON.stringify(body),
    },
  )
  if ('follow' in given) throw new Error('a watch')
  return { status: given.status, body: given.body as Record<string, unknown> }
}

const PODS = '/api/v1/namespaces/default/pods'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const template = (spec: object = {}) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'nginx' }], ...spec },
})
const aDeployment = (replicas: number, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(spec) },
})
const aBudget = (spec: object, name = 'web') => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
})
const evict = (name: string, uid?: string) =>
  call('POST', `${PODS}/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: 'default' },
    ...(uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } }),
  })
interface SeenPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly phase: string; readonly podIP?: string }
}
const podsOf = (query = '') => call('GET', `${PODS}${query}`).body['items'] as SeenPod[]
const nameOf = (pod: SeenPod | undefined): string => pod?.metadata.name ?? ''
const running = (query = '') =>
  podsOf(query).filter((pod) => pod.status.phase === 'Running' && pod.metadata.deletionTimestamp === undefined)
async function webOf(replicas: number, spec: object = {}): Promise<void> {
  expect(call('POST', DEPLOYMENTS, aDeployment(replicas, spec)).status).toBe(201)
  await until(() => running().length === replicas, `${replicas} pods run`)
}

describe('pods that somebody makes', () => {
  test('are spread over nodes that take them, run after a while, and are gone after their grace', async () => {
    await webOf(4)
    for (const node of ['w-1', 'w-2']) expect(podsOf(`?fieldSelector=spec.nodeName%3D${node}`)).toHaveLength(2)
    expect(new Set(podsOf().map((pod) => pod.status.podIP)).size).toBe(4)
    const [first] = podsOf()
    const deleted = call('DELETE', `${PODS}/${first?.metadata.name}`)
    expect(deleted).toMatchObject({ status: 200, body: { kind: 'Pod', metadata: { deletionGracePeriodSeconds: 30 } } })
    await until(() => call('GET', `${PODS}/${first?.metadata.name}`).status === 404, 'it is gone')
    await until(() => running().length === 4, 'another one runs')
  })

  test('wait while no node takes them, and say why', async () => {
    for (const name of ['w-1', 'w-2']) call('PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable: true } })
    call('POST', PODS, { apiVersion: 'v1', kind: 'Pod', ...template(), metadata: { name: 'one' } })
    await until(() => JSON.stringify(podsOf()).includes('0/2 nodes are available'), 'it is unschedulable')
    call('PATCH', '/api/v1/nodes/w-2', { spec: { unschedulable: null } })
    await until(() => running().length === 1, 'it runs')
    expect(podsOf()[0]?.spec.nodeName).toBe('w-2')
  })

  test('go only where their requests, their node selector and their tolerations let them', async () => {
    const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }]
    call('PATCH', '/api/v1/nodes/w-2', { metadata: { labels: { disk: 'fast' } }, spec: { taints } })
    expect(call('GET', '/api/v1/nodes/w-2').body).toMatchObject({
      metadata: { labels: { disk: 'fast' } },
      spec: { taints },
    })
    const wants = (name: string, spec: object) =>
      call('POST', PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...template().spec, ...spec } })
    wants('plain', {})
    wants('tolerant', { nodeSelector: { disk: 'fast' }, tolerations: [{ key: 'gpu', operator: 'Exists' }] })
    wants('intolerant', { nodeSelector: { disk: 'fast' } })
    wants('huge', { containers: [{ name: 'x', image: 'x', resources: { requests: { memory: '64Gi' } } }] })
    await until(() => running().length === 2, 'two run')
    const nodes = Object.fromEntries(podsOf().map((pod) => [pod.metadata.name, pod.spec.nodeName]))
    expect(nodes).toEqual({ plain: 'w-1', tolerant: 'w-2', intolerant: undefined, huge: undefined })
  })

  test('of a node that is dead end only by force, or with the node', async () => {
    await webOf(2)
    cluster.setReadiness('w-1', { status: 'Unknown' })
    const [dead] = podsOf('?fieldSelector=spec.nodeName%3Dw-1')
    call('DELETE', `${PODS}/${dead?.metadata.name}`)
    await until(() => running().length === 2, 'it is replaced')
    expect(call('GET', `${PODS}/${dead?.metadata.name}`).body['metadata']).toHaveProperty('deletionTimestamp')
    call('DELETE', '/api/v1/nodes/w-1')
    await until(() => podsOf().length === 2, 'it went with the node')
  })

  test('a set is scaled up and down, and what it made goes with it', async () => {
    await webOf(1)
    expect(call('GET', `${DEPLOYMENTS}/web/scale`).body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } })
    call('PATCH', `${DEPLOYMENTS}/web/scale`, { spec: { replicas: 5 } })
    await until(() => running().length === 5, 'five run')
    expect(call('GET', `${DEPLOYMENTS}/web`).body['status']).toMatchObject({ replicas: 5, readyReplicas: 5 })
    call('PATCH', `${DEPLOYMENTS}/web/scale`, { spec: { replicas: 2 } })
    await until(() => podsOf().length === 2, 'two are left')
    call('DELETE', `${DEPLOYMENTS}/web`)
    await until(() => podsOf().length === 0, 'none is left')
    expect(call('GET', '/apis/apps/v1/namespaces/default/replicasets').body['items']).toEqual([])
  })

  test('a DaemonSet has one on every node, cordoned or not', async () => {
    call('PATCH', '/api/v1/nodes/w-2', { spec: { unschedulable: true } })
    const { metadata, ...rest } = aDeployment(1)
    const set = { ...rest, kind: 'DaemonSet', metadata: { ...metadata, name: 'agent' } }
    call('POST', '/apis/apps/v1/namespaces/default/daemonsets', set)
    await until(() => running().length === 2, 'one on each')
    addNode('w-3')
    await until(() => running().length === 3, 'one on the new one, too')
    expect(new Set(running().map((pod) => pod.spec.nodeName))).toEqual(new Set(['w-1', 'w-2', 'w-3']))
  })

  test('what kubelets and Talos make is brought back when somebody deletes it', async () => {
    const on = { nodeName: 'w-1', hostIp: '192.168.1.61', podIp: '192.168.1.61', ready: true, image: 'x' }
    cluster.putPod({ ...on, name: 'kube-apiserver-w-1', app: 'kube-apiserver' })
    const path = '/api/v1/namespaces/kube-system/pods/kube-apiserver-w-1'
    const seen = () => (call('GET', path).body as Partial<SeenPod>).metadata?.uid
    const uid = seen()
    expect(JSON.stringify(call('GET', path).body)).toContain('kubernetes.io/config.mirror')
    call('DELETE', path)
    await until(() => (seen() ?? uid) !== uid, 'its picture is back')
  })
})

describe('evictions', () => {
  const webPods = () => podsOf().filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const budgetStatus = () => call('GET', '/apis/policy/v1/namespaces/default/poddisruptionbudgets/web').body['status']
  const protect = (spec: object, name?: string) =>
    call('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', aBudget(spec, name))

  test('without a budget a pod goes at once', async () => {
    await webOf(1)
    const [pod] = webPods()
    expect(evict(nameOf(pod))).toMatchObject({ status: 201, body: { status: 'Success' } })
    await until(() => running()[0]?.metadata.uid !== pod?.metadata.uid && running().length === 1, 'another runs')
  })

  test.each([
    { spec: { minAvailable: 2 }, allowed: 1 },
    { spec: { minAvailable: '50%' }, allowed: 1 },
    { spec: { minAvailable: '100%' }, allowed: 0 },
    { spec: { maxUnavailable: 2 }, allowed: 2 },
    { spec: { maxUnavailable: '10%' }, allowed: 1 },
    { spec: { maxUnavailable: 0 }, allowed: 0 },
  ])('of three replicas $spec lets $allowed go', async ({ spec, allowed }) => {
    await webOf(3)
    protect(spec)
    await until(() => budgetStatus() !== undefined, 'the budget is counted')
    expect(budgetStatus()).toMatchObject({ expectedPods: 3, currentHealthy: 3, disruptionsAllowed: allowed })
    const answers = webPods().map((pod) => evict(pod.metadata.name).status)
    expect(answers).toEqual([0, 1, 2].map((index) => (index < allowed ? 201 : 429)))
  })

  test('a refusal names the budget and its arithmetic, and passes when the replacement runs', async () => {
    await webOf(2)
    protect({ minAvailable: 1 })
    const [first, second] = webPods().map(nameOf)
    expect(evict(first ?? '').status).toBe(201)
    const message = 'The disruption budget web needs 1 healthy pods and has 1 currently'
    expect(evict(second ?? '')).toMatchObject({
      status: 429,
      body: { reason: 'TooManyRequests', details: { causes: [{ reason: 'DisruptionBudget', message }] } },
    })
    await until(() => evict(second ?? '').status === 201, 'it may go now')
  })

  test('a pod under two budgets is refused, one that does not run is not', async () => {
    await webOf(1)
    protect({ minAvailable: 1 })
    protect({ minAvailable: 1 }, 'second')
    const [pod] = webPods()
    expect(evict(nameOf(pod))).toMatchObject({
      status: 500,
      body: { message: expect.stringMatching(/more than one/) },
    })
    call('POST', PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pending', labels: { app: 'web' } },
      spec: { nodeSelector: { no: 'where' } },
    })
    expect(evict('pending').status).toBe(201)
  })

  test('only the very pod that was meant is evicted', async () => {
    await webOf(1)
    const [pod] = webPods()
    expect(evict(nameOf(pod), 'another').status).toBe(409)
    expect(evict('nobody').status).toBe(404)
    expect(evict(nameOf(pod), pod?.metadata.uid).status).toBe(201)
  })
})
