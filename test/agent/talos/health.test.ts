import { describe, expect, test } from 'vitest'
import { silentNode } from '#test/support/silent-node.ts'
import type { KubernetesNode, KubernetesPod } from '#agent/kubernetes/shapes.ts'
import { checkClusterHealth, type ClusterMember, type ClusterUnderCheck } from '#agent/talos/health.ts'
import type { EtcdMember, NodeService, TalosNode } from '#agent/talos/node.ts'
import { ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'

const ADDRESSES = ['192.168.1.51', '192.168.1.52', '192.168.1.53']
const VERSION = 'v1.36.3'

const answer = <T>(value: T) => Promise.resolve(ok(value))

const members: readonly EtcdMember[] = ADDRESSES.map((address, index) => ({
  id: `000000000000000${index}`,
  hostname: `cp-${index}`,
  addresses: [address],
  learner: false,
}))

const aService = (id: string, healthy = true): NodeService => ({
  id,
  state: 'Running',
  healthy,
  lastMessage: healthy ? 'ok' : 'connection refused',
})

/** A node that is well; health that asks it anything else gets no answer and fails. */
function aNode(differs: Partial<TalosNode> = {}): TalosNode {
  return {
    ...silentNode(''),
    version: () => answer({ tag: 'v1.13.9', platform: 'nocloud' }),
    machineStatus: () => answer({ stage: 'running', ready: true, unmetConditions: [] }),
    serviceList: () => answer([aService('etcd'), aService('kubelet')]),
    diagnostics: () => answer([]),
    etcdMembers: () => answer(members),
    ...differs,
  }
}

const nodes: readonly KubernetesNode[] = ADDRESSES.map((address, index) => ({
  name: `cp-${index}`,
  ready: true,
  schedulable: true,
  kubeletVersion: VERSION,
  addresses: [address],
  labels: {},
  annotations: {},
}))

const aPod = (app: string, hostIp: string, ready = true): KubernetesPod => ({
  name: `${app}-${hostIp}`,
  hostIp,
  phase: ready ? 'Running' : 'Pending',
  ready,
  labels: { 'k8s-app': app },
})

const APPS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy']
const pods: readonly KubernetesPod[] = [
  ...ADDRESSES.flatMap((address) => APPS.map((app) => aPod(app, address))),
  aPod('kube-dns', ADDRESSES[0]!),
]

interface Differs {
  /** Of the second control plane. */
  readonly node?: Partial<TalosNode>
  readonly nodes?: readonly KubernetesNode[]
  readonly pods?: readonly KubernetesPod[]
  readonly readyz?: Result<void, Problem>
}

function aCluster(differs: Differs = {}): ClusterUnderCheck {
  const kubernetes: ClusterUnderCheck['kubernetes'] = {
    readyz: () => Promise.resolve(differs.readyz ?? ok(undefined)),
    listNodes: () => answer(differs.nodes ?? nodes),
    listPods: () => answer(differs.pods ?? pods),
  }
  const controlPlanes: ClusterMember[] = ADDRESSES.map((address, index) => ({
    name: `cp-${index}`,
    address,
    node: aNode(index === 1 ? differs.node : {}),
  }))
  return { controlPlanes, workers: [], kubernetes, kubernetesVersion: VERSION }
}

const change = <T>(list: readonly T[], index: number, differs: Partial<T>): T[] =>
  list.map((item, at) => (at === index ? { ...item, ...differs } : item))

const FAILURES: readonly (readonly [string, Differs, Record<string, unknown>])[] = [
  [
    'etcd-healthy',
    { node: { serviceList: () => answer([aService('etcd', false), aService('kubelet')]) } },
    { machine: 'cp-1', service: 'etcd', reason: 'connection refused' },
  ],
  ['etcd-healthy', { node: { serviceList: () => answer([]) } }, { machine: 'cp-1', state: 'absent' }],
  ['etcd-members-agree', { node: { etcdMembers: () => answer(members.slice(0, 2)) } }, { machine: 'cp-1' }],
  [
    'etcd-members-agree',
    { node: { etcdMembers: () => answer(change(members, 2, { learner: true })) } },
    { machine: 'cp-1', learner: 'cp-2' },
  ],
  [
    'etcd-members-are-control-planes',
    { node: { etcdMembers: () => answer(change(members, 2, { addresses: ['192.168.1.99'] })) } },
    { machine: 'cp-1', stranger: 'cp-2' },
  ],
  [
    'talos-api-answers',
    { node: { version: () => Promise.resolve({ ok: false, error: problem('node-unreachable') }) } },
    { machine: 'cp-1' },
  ],
  [
    'no-diagnostics',
    { node: { diagnostics: () => answer([{ id: 'x', message: 'address overlap' }]) } },
    { machine: 'cp-1', diagnostic: 'address overlap' },
  ],
  [
    'kubelet-healthy',
    { node: { serviceList: () => answer([aService('etcd'), aService('kubelet', false)]) } },
    { machine: 'cp-1', service: 'kubelet' },
  ],
  [
    'machines-running',
    {
      node: {
        machineStatus: () =>
          answer({ stage: 'booting', ready: false, unmetConditions: [{ name: 'nodeReady', reason: 'not yet' }] }),
      },
    },
    { machine: 'cp-1', stage: 'booting', unmet: ['nodeReady: not yet'] },
  ],
  ['kubernetes-api-ready', { readyz: { ok: false, error: problem('kubernetes-unreachable') } }, {}],
  ['nodes-reported', { nodes: nodes.slice(0, 2) }, { machine: 'cp-2' }],
  [
    'kubelet-version',
    { nodes: change(nodes, 1, { kubeletVersion: 'v1.35.0' }) },
    { machine: 'cp-1', version: 'v1.35.0', wanted: VERSION },
  ],
  [
    'control-plane-pods-ready',
    { pods: pods.filter((pod) => pod.name !== `kube-scheduler-${ADDRESSES[2]}`) },
    { machine: 'cp-2', app: 'kube-scheduler', phase: 'absent' },
  ],
  ['nodes-ready', { nodes: change(nodes, 0, { ready: false }) }, { machine: 'cp-0' }],
  [
    'kube-proxy-ready',
    { pods: change(pods, 3, { ready: false, phase: 'Pending' }) },
    { machine: 'cp-0', app: 'kube-proxy', phase: 'Pending' },
  ],
  ['coredns-ready', { pods: pods.slice(0, -1) }, { phase: 'absent' }],
  ['coredns-ready', { pods: [...pods, aPod('kube-dns', ADDRESSES[1]!, false)] }, { phase: 'Pending' }],
  ['nodes-schedulable', { nodes: change(nodes, 2, { schedulable: false }) }, { machine: 'cp-2', reason: 'cordoned' }],
]

describe('cluster health', () => {
  test('a cluster in which everything works passes every check, and each is named', async () => {
    const passed = await checkClusterHealth(aCluster())
    expect(passed).toEqual({ ok: true, value: [...new Set(FAILURES.map(([name]) => name))] })
  })

  test.each(FAILURES)('%s is found out, with the machine and the cause', async (check, differs, facts) => {
    expect(await checkClusterHealth(aCluster(differs))).toMatchObject({
      ok: false,
      error: { code: 'check-failed', retry: 'later', facts: { check, ...facts } },
    })
  })

  test('a member that cannot be asked is named, with what went wrong as the cause', async () => {
    const unreachable = problem('node-unreachable', { address: ADDRESSES[1]! })
    const node = { serviceList: () => Promise.resolve({ ok: false, error: unreachable } as const) }
    expect(await checkClusterHealth(aCluster({ node }))).toEqual({
      ok: false,
      error: problem('check-failed', { check: 'etcd-healthy', machine: 'cp-1' }, unreachable),
    })
  })

  test('an API server that does not accept us ends the check: no waiting mends that', async () => {
    const refused = { ok: false, error: problem('kubernetes-refused', { status: 401 }) } as const
    expect(await checkClusterHealth(aCluster({ readyz: refused }))).toEqual(refused)
  })

  test('an abort is a cancellation, not a sick cluster', async () => {
    const abort = new AbortController()
    const serviceList = () => {
      abort.abort()
      return Promise.resolve({ ok: false, error: problem('cancelled') } as const)
    }
    expect(await checkClusterHealth(aCluster({ node: { serviceList } }), abort.signal)).toMatchObject({
      ok: false,
      error: { code: 'cancelled' },
    })
  })
})
