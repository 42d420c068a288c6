import { DURATION } from './durations.ts'
import { restoreContents } from './etcd-contents.ts'
import type { EtcdContents } from './etcd-snapshot.ts'
import type { TalosNode } from './node.ts'

const WAITING =
  'etcd is waiting to join the cluster, if this node is the first node of the cluster, please run `talosctl bootstrap` against one of the control plane nodes'

/**
 * Brings this node's etcd member up: the one it was before, the first of a new cluster, or a learner that catches up
 * and is promoted. Resolves when the member votes; waits for ever when it never may.
 */
export async function runEtcd(node: TalosNode, signal: AbortSignal): Promise<void> {
  const { cluster, disk, world } = node
  if (!cluster || !disk) return
  node.services.set('etcd', 'Preparing', 'Running pre state')
  await world.busy('etcd.prepare', node.hostname, DURATION.etcdPrepare, signal)
  if (disk.etcdMember?.clusterId === cluster.id) await restart(node, disk.etcdMember.memberId, signal)
  else {
    node.services.set('etcd', 'Preparing', WAITING)
    node.etcdWaiting = true
    await bootstrapOrJoin(node, signal)
  }
  node.services.set('etcd', 'Running', 'Health check successful')
}

/** Starts the first member, empty or with what was saved. The data directory exists from this moment on, whatever happens next. */
export function beginBootstrap(node: TalosNode, saved?: EtcdContents): void {
  const { cluster, disk } = node
  if (!cluster || !disk) return
  disk.etcdMember = { clusterId: cluster.id, memberId: cluster.bootstrap(node) }
  if (saved) restoreContents(cluster.kubernetes, saved)
  disk.etcdRecovery = undefined
  node.etcdWaiting = false
  node.changed()
}

async function restart(node: TalosNode, memberId: bigint, signal: AbortSignal): Promise<void> {
  const { cluster, world } = node
  await world.busy('etcd.start', node.hostname, DURATION.etcdRestart, signal)
  if (!cluster?.etcd.member(memberId)) {
    node.services.set('etcd', 'Failed', 'the member has been permanently removed from the cluster')
    await forever(signal)
  }
  cluster?.etcd.setRunning(memberId, true, node.address)
  if (cluster?.etcd.member(memberId)?.learner) await promote(node, memberId, signal)
  // A member alone does not answer: it waits for the others.
  await world.changes.until(() => cluster?.etcd.hasQuorum() ?? false, signal)
  signal.throwIfAborted()
}

async function bootstrapOrJoin(node: TalosNode, signal: AbortSignal): Promise<void> {
  const { cluster, disk, world } = node
  for (;;) {
    await world.changes.until(() => disk?.etcdMember !== undefined || mayJoin(node), signal)
    signal.throwIfAborted()
    if (!cluster || !disk) return
    if (disk.etcdMember) {
      await world.busy('etcd.bootstrap', node.hostname, DURATION.etcdBootstrap, signal)
      cluster.etcd.setRunning(disk.etcdMember.memberId, true)
      return
    }
    const added = cluster.etcd.addLearner(node.uuid, node.hostname, node.address)
    // Another learner was quicker; there is one at a time.
    if (!added.ok) continue
    node.etcdWaiting = false
    disk.etcdMember = { clusterId: cluster.id, memberId: added.value.id }
    node.services.set('etcd', 'Running', 'Started task etcd as a learner')
    await promote(node, added.value.id, signal)
    return
  }
}

/** A running cluster with a quorum and no other learner takes a new member. */
function mayJoin(node: TalosNode): boolean {
  const etcd = node.cluster?.etcd
  return etcd !== undefined && etcd.hasQuorum() && !etcd.members().some((member) => member.learner)
}

async function promote(node: TalosNode, memberId: bigint, signal: AbortSignal): Promise<void> {
  const { cluster, world } = node
  await world.busy('etcd.join', node.hostname, DURATION.etcdJoin, signal)
  await world.changes.until(() => (cluster?.etcd.hasQuorum() ?? false) || !cluster?.etcd.member(memberId), signal)
  signal.throwIfAborted()
  const promoted = cluster?.etcd.promote(memberId)
  if (promoted?.ok) return
  node.services.set('etcd', 'Failed', 'the member was removed before it was promoted')
  await forever(signal)
}

/** Waits until the power goes, then ends the cycle. */
export async function forever(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  throw signal.reason
}
