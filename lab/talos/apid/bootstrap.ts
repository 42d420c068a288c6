import { Code, ConnectError } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import type { BootstrapRequest } from '../proto/machine_pb.js'
import { beginBootstrap } from '../run-etcd.ts'
import { checkRecovery } from './etcd-service.ts'

/**
 * Bootstrap: once for a cluster, on a control plane that waits. A second cluster of the same id would be a split
 * brain; real Talos cannot notice that, so here it is refused and goes on record as a violation.
 */
export function bootstrap(node: TalosNode, request: BootstrapRequest): { messages: [Record<string, never>] } {
  const { config, cluster, disk } = node
  if (!config?.controlPlane)
    throw new ConnectError('etcd is not configured, bootstrap is not possible', Code.InvalidArgument)
  if (disk?.etcdMember) throw new ConnectError('etcd data directory is not empty', Code.AlreadyExists)
  if (!node.timeSynced) throw new ConnectError('time is not in sync yet', Code.FailedPrecondition)
  // What is begun right before a reboot would be lost with it.
  const installing = node.install !== undefined && node.install.phase !== 'installed'
  if (!node.etcdWaiting || !cluster || !disk || installing)
    throw new ConnectError('bootstrap is not available yet', Code.FailedPrecondition)
  if (cluster.hasDataElsewhere(disk.id)) {
    node.world.violate(
      'second-bootstrap',
      node.uuid,
      `${node.hostname} was told to bootstrap ${config.clusterName}, which exists`,
    )
    throw new ConnectError(
      'the lab refuses: a cluster with this id was bootstrapped on another node',
      Code.FailedPrecondition,
    )
  }
  beginBootstrap(node, request.recoverEtcd ? checkRecovery(node, request.recoverSkipHashCheck) : undefined)
  return { messages: [{}] }
}
