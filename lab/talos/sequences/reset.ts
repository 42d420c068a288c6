import { DURATION } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import { stopEverything } from './power.ts'
import { runSequence } from './run.ts'

/** What a reset wipes, and what becomes of the machine afterwards. */
export interface ResetWish {
  readonly graceful: boolean
  readonly reboot: boolean
  /** Labels of partitions of the system disk. */
  readonly partitions: readonly string[]
  /** Everything: nothing boots from the disk any more. */
  readonly wholeDisk: boolean
}

/** Leaving etcd was done before; here partitions are wiped, then the node reboots or turns itself off. */
export async function runReset(node: TalosNode, actorId: string, wish: ResetWish): Promise<void> {
  const { disk, signal } = node
  node.setStage('resetting')
  const wipe = () => {
    if (!disk) return
    if (wish.partitions.includes('STATE')) {
      disk.config = undefined
      disk.staged = undefined
    }
    if (wish.partitions.includes('EPHEMERAL')) {
      if (disk.etcdMember) node.cluster?.etcd.setRunning(disk.etcdMember.memberId, false)
      disk.etcdMember = undefined
      disk.etcdRecovery = undefined
      disk.images.clear()
    }
    if (wish.partitions.includes('META')) disk.meta.clear()
    if (wish.wholeDisk) disk.bootable = false
  }
  const done = await runSequence(node, 'reset', actorId, [
    ...(wish.graceful
      ? [
          { name: 'drain', tasks: [{ name: 'cordonAndDrainNode' }] },
          { name: 'cleanup', tasks: [{ name: 'removeAllPods' }] },
        ]
      : [{ name: 'cleanup', tasks: [{ name: 'stopAllPods' }] }]),
    { name: 'dbus', tasks: [{ name: 'stopDBus' }] },
    ...(wish.graceful && node.config?.controlPlane ? [{ name: 'leave', tasks: [{ name: 'leaveEtcd' }] }] : []),
    { name: 'preReset', tasks: [{ name: 'sendResetSignal' }] },
    ...stopEverything(node),
    wish.wholeDisk
      ? { name: 'reset', tasks: [{ name: 'resetSystemDisk', ms: DURATION.wipe, act: wipe }] }
      : { name: 'resetSpec', tasks: [{ name: 'resetSystemDiskSpec', ms: DURATION.wipe, act: wipe }] },
    wish.reboot ? { name: 'reboot', tasks: [{ name: 'reboot' }] } : { name: 'shutdown', tasks: [{ name: 'shutdown' }] },
  ])
  if (!done || signal.aborted) return
  await (wish.reboot ? node.restart() : node.turnOff())
}
