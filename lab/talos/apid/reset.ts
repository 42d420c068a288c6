import { Code, ConnectError } from '@connectrpc/connect'
import { DURATION } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import { ResetRequest_WipeMode, type ResetRequest } from '../proto/machine_pb.js'
import { leave } from './etcd-methods.ts'
import { later } from './machine-service.ts'

/**
 * Reset: a graceful one leaves etcd first (and refuses when that is not possible), then partitions or the whole disk
 * are wiped, then the node reboots or turns itself off.
 */
export function reset(node: TalosNode, request: ResetRequest): { messages: [{ actorId: string }] } {
  const member = node.cluster?.etcd.member(node.disk?.etcdMember?.memberId)
  if (request.graceful && member) {
    const others = node.cluster?.etcd.members().filter((one) => one.id !== member.id) ?? []
    // The last member has nobody to say goodbye to; its data just go.
    if (others.length > 0) leave(node)
  }
  const labels = request.systemPartitionsToWipe
    .filter((partition) => partition.wipe)
    .map((partition) => partition.label)
  const unknown = labels.find((label) => label !== 'STATE' && label !== 'EPHEMERAL')
  if (unknown !== undefined) throw new ConnectError(`cannot wipe partition "${unknown}"`, Code.InvalidArgument)
  node.setStage('resetting')
  const whole = labels.length === 0 && request.mode !== ResetRequest_WipeMode.USER_DISKS
  later(() => wipe(node, whole ? ['STATE', 'EPHEMERAL'] : labels, whole, request.reboot))
  return { messages: [{ actorId: crypto.randomUUID() }] }
}

async function wipe(node: TalosNode, labels: readonly string[], whole: boolean, reboot: boolean): Promise<void> {
  const { disk, signal } = node
  await node.world.time.pass(DURATION.wipe, signal)
  if (signal.aborted || !disk) return
  if (labels.includes('STATE')) {
    disk.config = undefined
    disk.staged = undefined
  }
  if (labels.includes('EPHEMERAL')) {
    if (disk.etcdMember) node.cluster?.etcd.setRunning(disk.etcdMember.memberId, false)
    disk.etcdMember = undefined
  }
  if (whole) disk.bootable = false
  await (reboot ? node.reboot() : node.turnOff())
}
