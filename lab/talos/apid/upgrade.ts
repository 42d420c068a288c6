import { Code, ConnectError } from '@connectrpc/connect'
import { swapSlots, type TalosDisk } from '../disk.ts'
import { readInstaller } from '../installer.ts'
import type { TalosNode } from '../node.ts'
import type { UpgradeRequest } from '../proto/machine_pb.js'
import { reboot } from '../sequences/power.ts'
import { runLegacyUpgrade } from '../sequences/upgrade.ts'
import { later, newActorId } from './wire.ts'

/** Fewer voters than this cannot spare one while it reboots. */
const MIN_MEMBERS = 3

/**
 * The older way to upgrade, in one call: the node checks its etcd, pulls the image, and does all the rest by itself.
 * `force` and `preserve` switch the checks of etcd off, as they do since Talos 1.8.
 */
export async function upgrade(node: TalosNode, request: UpgradeRequest) {
  const disk = installedDisk(node)
  beginInstallation(node)
  try {
    await node.world.time.pass(UPGRADE_CHECK_MS, node.signal)
    const system = readInstaller(request.image)
    if (!system.ok)
      throw new ConnectError(
        `error validating installer image "${request.image}": failed to pull image: ${request.image}: not found`,
        Code.Unknown,
      )
    if (node.config?.controlPlane && !request.preserve && !request.force) checkEtcd(node)
    const actorId = newActorId()
    if (request.stage) {
      disk.next = system.value
      later(() => reboot(node, actorId))
    } else later(() => runLegacyUpgrade(node, actorId, system.value))
    return { messages: [{ ack: 'Upgrade request received', actorId }] }
  } finally {
    node.busyWith = undefined
  }
}

/** Back to the other boot slot, and a reboot. */
export function rollback(node: TalosNode) {
  if (!swapSlots(installedDisk(node)))
    throw new ConnectError('failed to revert bootloader: no alternate boot label found', Code.Unknown)
  later(() => reboot(node, newActorId()))
  return { messages: [{}] }
}

/** The manifest is looked up in the registry. */
const UPGRADE_CHECK_MS = 500

/** The disk of a node that is installed; a node in maintenance mode is not. */
export function installedDisk(node: TalosNode): TalosDisk {
  if (!node.disk || !node.config) throw new ConnectError('machine is not installed', Code.FailedPrecondition)
  return node.disk
}

/** One installation at a time; the caller clears `busyWith` when it is over. */
export function beginInstallation(node: TalosNode): void {
  if (node.busyWith !== undefined || node.stage === 'upgrading')
    throw new ConnectError('another installation/upgrade is already in progress', Code.FailedPrecondition)
  node.busyWith = 'upgrade'
}

function checkEtcd(node: TalosNode): void {
  const members = node.cluster?.etcd.members() ?? []
  if (members.length === 2)
    throw new ConnectError(
      'error validating etcd for upgrade: etcd member count(2) is insufficient to maintain quorum if upgrade commences',
      Code.Unknown,
    )
  if (members.length >= MIN_MEMBERS && members.some((member) => !member.running))
    throw new ConnectError(
      `error validating etcd for upgrade: etcd member ${members.find((member) => !member.running)?.name ?? ''} is not healthy`,
      Code.Unknown,
    )
}
