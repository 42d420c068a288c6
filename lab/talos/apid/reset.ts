import { Code, ConnectError } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { ResetRequest_WipeMode, type ResetRequest } from '../proto/machine_pb.js'
import { runReset } from '../sequences/reset.ts'
import { leave } from './etcd-methods.ts'
import { later, newActorId } from './wire.ts'

/** Partitions of the system disk, by label. */
const PARTITIONS = new Set(['STATE', 'EPHEMERAL', 'META', 'BOOT', 'EFI', 'BIOS'])

/**
 * Reset: a graceful one leaves etcd first (and refuses when that is not possible), then partitions or the whole disk
 * are wiped, then the node reboots or turns itself off.
 */
export function reset(node: TalosNode, request: ResetRequest): { messages: [{ actorId: string }] } {
  const refuse = (text: string) => {
    throw new ConnectError(text, Code.Unknown)
  }
  const partitions = request.systemPartitionsToWipe.filter(({ wipe }) => wipe).map(({ label }) => label)
  if (request.mode === ResetRequest_WipeMode.SYSTEM_DISK && request.userDisksToWipe.length > 0)
    refuse("reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter")
  if (request.mode === ResetRequest_WipeMode.USER_DISKS && partitions.length > 0)
    refuse("reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter")
  for (const device of request.userDisksToWipe)
    refuse(
      device === '/dev/sda'
        ? `reset user disk failed: device ${device} is the system disk`
        : `reset user disk failed: device ${device} wasn't found`,
    )
  for (const label of partitions)
    if (!PARTITIONS.has(label))
      throw new ConnectError(`failed to get volume status with label "${label}": not found`, Code.InvalidArgument)

  const member = node.cluster?.etcd.member(node.disk?.etcdMember?.memberId)
  if (request.graceful && member) {
    const others = node.cluster?.etcd.members().filter((one) => one.id !== member.id) ?? []
    // The last member has nobody to say goodbye to; its data just go.
    if (others.length > 0) leave(node)
  }
  node.setStage('resetting')
  const wholeDisk = partitions.length === 0 && request.mode !== ResetRequest_WipeMode.USER_DISKS
  const actorId = newActorId()
  later(() =>
    runReset(node, actorId, {
      graceful: request.graceful,
      reboot: request.reboot,
      partitions: wholeDisk ? [...PARTITIONS] : partitions,
      wholeDisk,
    }),
  )
  return { messages: [{ actorId }] }
}
