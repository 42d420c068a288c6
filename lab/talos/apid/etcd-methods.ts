import { Code, ConnectError } from '@connectrpc/connect'
import type { TalosCluster } from '../cluster.ts'
import { DURATION } from '../durations.ts'
import type { Etcd, EtcdMember } from '../etcd.ts'
import type { TalosNode } from '../node.ts'

/** The etcd part of the machine API: what the member on this node knows and may do. */
interface LocalEtcd {
  readonly etcd: Etcd
  readonly self: EtcdMember
}

/** What a small cluster's database measures. */
const DATABASE_BYTES = 8_388_608n

const REFUSALS = {
  'no-quorum': 'etcdserver: request timed out',
  'no-such-member': 'etcdserver: member not found',
  'learner-in-progress': 'etcdserver: too many learner members in cluster',
  'only-one-member': 'cannot leave or forfeit leadership, only one member',
  unhealthy: 'etcdserver: unhealthy cluster',
} as const

function local(node: TalosNode): LocalEtcd {
  if (!node.config?.controlPlane)
    throw new ConnectError('etcd is not available on a worker node', Code.FailedPrecondition)
  const etcd = node.cluster?.etcd
  const self = etcd?.member(node.disk?.etcdMember?.memberId)
  if (!etcd || !self?.running)
    throw new ConnectError(
      'failed to create etcd client: error building etcd client: context deadline exceeded',
      Code.Unavailable,
    )
  return { etcd, self }
}

function needQuorum(etcd: Etcd): void {
  if (!etcd.hasQuorum()) throw new ConnectError(REFUSALS['no-quorum'], Code.DeadlineExceeded)
}

/** The cluster whose etcd this node may read now. */
export function clusterWithQuorum(node: TalosNode): TalosCluster {
  const { etcd } = local(node)
  needQuorum(etcd)
  if (!node.cluster) throw new ConnectError('the node is in no cluster', Code.FailedPrecondition)
  return node.cluster
}

export function memberList(node: TalosNode) {
  const { etcd } = local(node)
  needQuorum(etcd)
  return etcd.members().map((member) => ({
    id: member.id,
    hostname: member.name,
    peerUrls: [`https://${member.address}:2380`],
    clientUrls: member.learner ? [] : [`https://${member.address}:2379`],
    isLearner: member.learner,
  }))
}

export function status(node: TalosNode) {
  const { etcd, self } = local(node)
  return {
    protocolVersion: node.edition.etcdVersion,
    storageVersion: node.edition.etcdVersion.replace(/\d+$/, '0'),
    dbSize: DATABASE_BYTES + BigInt(self.fragmentedBytes),
    dbSizeInUse: DATABASE_BYTES,
    leader: etcd.leader ?? 0n,
    raftIndex: etcd.index,
    raftAppliedIndex: etcd.index,
    raftTerm: etcd.term,
    errors: etcd.hasQuorum() ? [] : ['etcdserver: no leader'],
    isLearner: self.learner,
    memberId: self.id,
  }
}

/** Alarms of all members; the lab's etcd has room enough, so one is there only when a test raised it. */
export function alarms(node: TalosNode) {
  return [...clusterWithQuorum(node).etcd.alarms].map(([memberId, alarm]) => ({ memberId, alarm }))
}

/** Takes all alarms back and answers which they were. */
export function disarm(node: TalosNode) {
  const before = alarms(node)
  clusterWithQuorum(node).etcd.alarms.clear()
  return before
}

/** Blocks for a moment, then the database is as small as its contents. */
export async function defragment(node: TalosNode): Promise<void> {
  const { self } = local(node)
  await node.world.time.pass(DURATION.etcdSnapshot, node.signal)
  self.fragmentedBytes = 0
}

/** The version a downgrade would lead to; refused as etcd refuses what is not one minor down. */
export function downgradeVersion(node: TalosNode, version: string): string {
  if (!/^\d+\.\d+$/.test(version))
    throw new ConnectError('version should be in MAJOR.MINOR format', Code.InvalidArgument)
  const [, minor = '0'] = status(node).storageVersion.split('.')
  if (version !== `3.${Number(minor) - 1}`)
    throw new ConnectError('etcdserver: invalid downgrade target version', Code.Unknown)
  return status(node).storageVersion
}

/** The new leader's name, or empty when this node did not lead. */
export function forfeitLeadership(node: TalosNode): string {
  const { etcd, self } = local(node)
  const next = etcd.forfeit(self.id)
  if (!next.ok && next.error === 'only-one-member')
    throw new ConnectError('cannot forfeit leadership, only one member', Code.FailedPrecondition)
  if (!next.ok) throw new ConnectError(REFUSALS[next.error], Code.Unavailable)
  return next.value?.id.toString(16) ?? ''
}

/** Leaves the cluster, stops etcd and wipes its data. */
export function leave(node: TalosNode): void {
  const { self } = local(node)
  takeOut(node, self.id)
  if (node.disk) node.disk.etcdMember = undefined
  node.services.set('etcd', 'Finished', 'Service finished successfully')
  node.changed()
}

export function removeMember(node: TalosNode, memberId: bigint): void {
  local(node)
  takeOut(node, memberId)
}

function takeOut(node: TalosNode, memberId: bigint): void {
  const { etcd } = local(node)
  const name = etcd.member(memberId)?.name ?? String(memberId)
  const removed = etcd.remove(memberId)
  if (removed.ok) return
  if (removed.error === 'unhealthy')
    node.world.violate(
      'removal-against-quorum',
      node.cluster?.id ?? '',
      `removing ${name} would leave etcd without a quorum`,
    )
  throw new ConnectError(
    REFUSALS[removed.error],
    removed.error === 'no-such-member' ? Code.NotFound : Code.FailedPrecondition,
  )
}
