import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Facts, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import type { KubernetesNode, KubernetesPod } from '../kubernetes/shapes.ts'
import type { EtcdMember, TalosNode } from './node.ts'

/**
 * Whether a cluster works, as a list of assertions that are made in order; the first that does not hold is the answer.
 * Looks once and never waits: whoever wants to wait asks again.
 *
 * The order and the assertions are those of `talosctl health`, without its memory and disk sizes, which a machine class
 * already guarantees. Source: facts talos.md §5.1 step 6.
 */
export interface ClusterMember {
  readonly name: string
  readonly address: string
  readonly node: TalosNode
}

export interface ClusterUnderCheck {
  readonly controlPlanes: readonly ClusterMember[]
  readonly workers: readonly ClusterMember[]
  readonly kubernetes: Pick<KubernetesClient, 'readyz' | 'listNodes' | 'listPods'>
  /** As in `v1.36.3`. */
  readonly kubernetesVersion: string
}

type Check = (cluster: ClusterUnderCheck, signal: AbortSignal | undefined) => Promise<Finding | undefined>

/** What is wrong; never a repetition of the check's name. */
interface Finding {
  readonly facts: Facts
  readonly cause?: Problem
}

const CHECKS: Readonly<Record<string, Check>> = {
  'etcd-healthy': (cluster, signal) => serviceHealthy(cluster.controlPlanes, 'etcd', signal),
  'etcd-members-agree': etcdMembersAgree,
  'etcd-members-are-control-planes': etcdMembersAreControlPlanes,
  'talos-api-answers': (cluster, signal) => onEach(everybody(cluster), (node) => node.version(signal), nothing),
  'no-diagnostics': (cluster, signal) =>
    onEach(
      everybody(cluster),
      (node) => node.diagnostics(signal),
      ([first]) => first && { diagnostic: first.message },
    ),
  'kubelet-healthy': (cluster, signal) => serviceHealthy(everybody(cluster), 'kubelet', signal),
  'machines-running': machinesRunning,
  'kubernetes-api-ready': async (cluster, signal) => failureOf(await cluster.kubernetes.readyz(signal)),
  'nodes-reported': (cluster, signal) =>
    onEachNode(cluster, signal, (node) => (node ? undefined : { reason: 'no node with this address' })),
  'kubelet-version': (cluster, signal) =>
    onEachNode(cluster, signal, (node) =>
      node?.kubeletVersion === cluster.kubernetesVersion
        ? undefined
        : { version: node?.kubeletVersion ?? '', wanted: cluster.kubernetesVersion },
    ),
  'control-plane-pods-ready': (cluster, signal) =>
    podsReady(cluster, cluster.controlPlanes, CONTROL_PLANE_APPS, signal),
  'nodes-ready': (cluster, signal) =>
    onEachNode(cluster, signal, (node) => (node?.ready ? undefined : { reason: 'not ready' })),
  'kube-proxy-ready': (cluster, signal) => podsReady(cluster, everybody(cluster), ['kube-proxy'], signal),
  'coredns-ready': coreDnsReady,
  'nodes-schedulable': (cluster, signal) =>
    onEachNode(cluster, signal, (node) => (node?.schedulable ? undefined : { reason: 'cordoned' })),
}

/** Values of the label `k8s-app` that Talos gives its static pods. */
const CONTROL_PLANE_APPS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
const SYSTEM_NAMESPACE = 'kube-system'
const ENDING: ReadonlySet<ProblemCode> = new Set(['cancelled', 'kubernetes-refused'])
/** Nodes asked at the same time: quick for a rack, gentle on the LAN for a thousand. */
const MAX_CONCURRENT = 16

/**
 * The names of all checks when they hold. Otherwise problem `check-failed` (later) with the check, the machine and what
 * was found; `cancelled` when the signal is aborted, and `kubernetes-refused` (never), which no waiting mends.
 */
export async function checkClusterHealth(
  cluster: ClusterUnderCheck,
  signal?: AbortSignal,
): Promise<Result<readonly string[], Problem>> {
  for (const [name, check] of Object.entries(CHECKS)) {
    if (signal?.aborted) return err(problem('cancelled', { check: name }))
    const finding = await check(cluster, signal)
    if (finding?.cause && ENDING.has(finding.cause.code)) return err(finding.cause)
    if (finding) return err(problem('check-failed', { check: name, ...finding.facts }, finding.cause))
  }
  return ok(Object.keys(CHECKS))
}

const everybody = ({ controlPlanes, workers }: ClusterUnderCheck) => [...controlPlanes, ...workers]
const nothing = () => undefined

/** Asks every member and judges each answer; the first finding in the order of members counts. */
async function onEach<T>(
  members: readonly ClusterMember[],
  ask: (node: TalosNode) => Promise<Result<T, Problem>>,
  judge: (answer: T, member: ClusterMember) => Facts | undefined,
): Promise<Finding | undefined> {
  for (let start = 0; start < members.length; start += MAX_CONCURRENT) {
    const batch = members.slice(start, start + MAX_CONCURRENT)
    const findings = await Promise.all(
      batch.map(async (member): Promise<Finding | undefined> => {
        const answer = await ask(member.node)
        if (!answer.ok) return { facts: { machine: member.name }, cause: answer.error }
        const facts = judge(answer.value, member)
        return facts && { facts: { machine: member.name, ...facts } }
      }),
    )
    const finding = findings.find((found) => found !== undefined)
    if (finding) return finding
  }
  return undefined
}

const serviceHealthy = (members: readonly ClusterMember[], id: string, signal: AbortSignal | undefined) =>
  onEach(
    members,
    (node) => node.serviceList(signal),
    (services) => {
      const service = services.find((candidate) => candidate.id === id)
      if (service?.healthy) return undefined
      return { service: id, state: service?.state ?? 'absent', reason: service?.lastMessage ?? '' }
    },
  )

function machinesRunning(cluster: ClusterUnderCheck, signal: AbortSignal | undefined): Promise<Finding | undefined> {
  return onEach(
    everybody(cluster),
    (node) => node.machineStatus(signal),
    ({ stage, ready, unmetConditions }) =>
      stage === 'running' && ready
        ? undefined
        : { stage, unmet: unmetConditions.map(({ name, reason }) => `${name}: ${reason}`) },
  )
}

async function etcdMembersAgree(
  { controlPlanes }: ClusterUnderCheck,
  signal: AbortSignal | undefined,
): Promise<Finding | undefined> {
  let first: string | undefined
  return onEach(
    controlPlanes,
    (node) => node.etcdMembers(signal),
    (members) => {
      const learner = members.find((member) => member.learner)
      if (learner) return { learner: learner.hostname }
      const ids = idsOf(members)
      first ??= ids
      return ids === first ? undefined : { members: ids, others: first }
    },
  )
}

function etcdMembersAreControlPlanes(
  { controlPlanes }: ClusterUnderCheck,
  signal: AbortSignal | undefined,
): Promise<Finding | undefined> {
  const wanted = controlPlanes.map((member) => member.address)
  return onEach(
    controlPlanes,
    (node) => node.etcdMembers(signal),
    (members) => {
      const stranger = members.find((member) => !member.addresses.some((address) => wanted.includes(address)))
      if (stranger) return { stranger: stranger.hostname, addresses: stranger.addresses }
      return members.length === wanted.length ? undefined : { memberCount: members.length, wanted: wanted.length }
    },
  )
}

const idsOf = (members: readonly EtcdMember[]): string =>
  members
    .map((member) => member.id)
    .sort()
    .join(' ')

async function onEachNode(
  cluster: ClusterUnderCheck,
  signal: AbortSignal | undefined,
  judge: (node: KubernetesNode | undefined) => Facts | undefined,
): Promise<Finding | undefined> {
  const nodes = await cluster.kubernetes.listNodes(signal)
  if (!nodes.ok) return failureOf(nodes)
  for (const member of everybody(cluster)) {
    const facts = judge(nodes.value.find((node) => node.addresses.includes(member.address)))
    if (facts) return { facts: { machine: member.name, ...facts } }
  }
  return undefined
}

async function podsReady(
  { kubernetes }: ClusterUnderCheck,
  members: readonly ClusterMember[],
  apps: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Finding | undefined> {
  const pods = await kubernetes.listPods(SYSTEM_NAMESPACE, signal)
  if (!pods.ok) return failureOf(pods)
  for (const member of members) {
    for (const app of apps) {
      const own = pods.value.filter((pod) => appOf(pod) === app && pod.hostIp === member.address)
      if (!own.some((pod) => pod.ready))
        return { facts: { machine: member.name, app, phase: own[0]?.phase ?? 'absent' } }
    }
  }
  return undefined
}

async function coreDnsReady(
  { kubernetes }: ClusterUnderCheck,
  signal: AbortSignal | undefined,
): Promise<Finding | undefined> {
  const pods = await kubernetes.listPods(SYSTEM_NAMESPACE, signal)
  if (!pods.ok) return failureOf(pods)
  const dns = pods.value.filter((pod) => appOf(pod) === 'kube-dns')
  const sick = dns.find((pod) => !pod.ready)
  if (sick) return { facts: { app: 'kube-dns', pod: sick.name, phase: sick.phase } }
  return dns.length > 0 ? undefined : { facts: { app: 'kube-dns', phase: 'absent' } }
}

const appOf = (pod: KubernetesPod): string | undefined => pod.labels['k8s-app']

const failureOf = (result: Result<unknown, Problem>): Finding | undefined =>
  result.ok ? undefined : { facts: {}, cause: result.error }
