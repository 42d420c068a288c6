import { Code, ConnectError } from '@connectrpc/connect'
import { DURATION } from '../durations.ts'
import { contentsOf } from '../etcd-contents.ts'
import { makeSnapshot, readSnapshot, type EtcdContents, type SnapshotProblem } from '../etcd-snapshot.ts'
import type { TalosNode } from '../node.ts'
import * as etcd from './etcd-methods.ts'
import type { MachineMethods } from './machine-service.ts'
import { inChunks } from './wire.ts'

/** A snapshot goes in pieces of this size. */
const SNAPSHOT_CHUNK_BYTES = 4096
/** Talos takes what fits its disk; the lab's etcd holds nothing of size. */
const MAX_RECOVERY_BYTES = 64 * 1024 * 1024

const PROBLEMS: Readonly<Record<SnapshotProblem, string>> = {
  'too-short': "snapshot file doesn't exist or is too short",
  'hash-mismatch': 'snapshot file integrity check failed: the hash does not match',
  'not-a-snapshot': 'invalid database',
}

/** The etcd part of the machine API. */
export function etcdMethods(node: TalosNode): MachineMethods {
  return {
    etcdMemberList: () => ({ messages: [{ members: etcd.memberList(node) }] }),
    etcdStatus: () => ({ messages: [{ memberStatus: etcd.status(node) }] }),
    etcdForfeitLeadership: () => ({ messages: [{ member: etcd.forfeitLeadership(node) }] }),
    etcdLeaveCluster() {
      etcd.leave(node)
      return { messages: [{}] }
    },
    etcdRemoveMemberByID(request) {
      etcd.removeMember(node, request.memberId)
      return { messages: [{}] }
    },
    etcdAlarmList: () => ({ messages: [{ memberAlarms: etcd.alarms(node) }] }),
    etcdAlarmDisarm: () => ({ messages: [{ memberAlarms: etcd.disarm(node) }] }),
    async etcdDefragment() {
      await etcd.defragment(node)
      return { messages: [{}] }
    },
    async *etcdSnapshot() {
      const cluster = etcd.clusterWithQuorum(node)
      await node.world.time.pass(DURATION.etcdSnapshot, node.signal)
      const snapshot = makeSnapshot(contentsOf(cluster.kubernetes), cluster.etcd.index, cluster.etcd.term)
      yield* inChunks(snapshot, SNAPSHOT_CHUNK_BYTES)
    },
    async etcdRecover(chunks) {
      const { disk } = node
      if (!disk || !node.etcdWaiting || node.services.find('etcd')?.state !== 'Preparing')
        throw new ConnectError('etcd service is not ready for recovery yet', Code.FailedPrecondition)
      const parts: Uint8Array[] = []
      let size = 0
      for await (const { bytes } of chunks) {
        parts.push(bytes)
        size += bytes.length
        if (size > MAX_RECOVERY_BYTES)
          throw new ConnectError('error writing snapshot: no space left on device', Code.Unknown)
      }
      disk.etcdRecovery = Buffer.concat(parts)
      node.journal.kernel(`[talos] received etcd snapshot: ${size} bytes`)
      return { messages: [{}] }
    },
    etcdDowngradeValidate: ({ version }) => ({
      messages: [{ clusterDowngrade: { clusterVersion: etcd.downgradeVersion(node, version) } }],
    }),
    etcdDowngradeEnable: ({ version }) => ({
      messages: [{ clusterDowngrade: { clusterVersion: etcd.downgradeVersion(node, version) } }],
    }),
    etcdDowngradeCancel: () => ({
      messages: [{ clusterDowngrade: { clusterVersion: etcd.status(node).storageVersion } }],
    }),
  }
}

/** What a recovery must be before a member is born from it; the hash is left out only when the caller says so. */
export function checkRecovery(node: TalosNode, skipHashCheck: boolean): EtcdContents {
  const { etcdRecovery } = node.disk ?? {}
  if (!etcdRecovery)
    throw new ConnectError(
      'error verifying snapshot: open /var/lib/etcd.snapshot: no such file or directory',
      Code.Unknown,
    )
  const contents = readSnapshot(etcdRecovery, skipHashCheck)
  if (contents.ok) return contents.value
  throw new ConnectError(`error verifying snapshot: ${PROBLEMS[contents.error]}`, Code.Unknown)
}
