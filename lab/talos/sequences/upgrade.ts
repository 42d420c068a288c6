import { DURATION } from '../durations.ts'
import type { InstalledSystem } from '../disk.ts'
import { installerOutput } from '../installer.ts'
import type { TalosNode } from '../node.ts'
import { stopEverything } from './power.ts'
import { runSequence } from './run.ts'

/** The upgrade of Talos up to 1.12, in one call: the node drains itself, installs and reboots. */
export async function runLegacyUpgrade(node: TalosNode, actorId: string, system: InstalledSystem): Promise<void> {
  const { disk, signal } = node
  if (!disk) return
  node.setStage('upgrading')
  const done = await runSequence(node, 'upgrade', actorId, [
    { name: 'drain', tasks: [{ name: 'cordonAndDrainNode' }] },
    { name: 'cleanup', tasks: [{ name: 'removeAllPods' }] },
    { name: 'dbus', tasks: [{ name: 'stopDBus' }] },
    ...stopEverything(node).slice(0, -1),
    { name: 'verifyDisk', tasks: [{ name: 'verifyDiskAvailability' }] },
    {
      name: 'upgrade',
      tasks: [
        {
          name: 'upgrade',
          ms: DURATION.install,
          act() {
            for (const line of installerOutput(system, '/dev/sda')) node.journal.kernel(`[talos] ${line}`)
            disk.next = system
          },
        },
      ],
    },
    ...stopEverything(node).slice(-1),
    { name: 'reboot', tasks: [{ name: 'reboot' }] },
  ])
  if (done && !signal.aborted) await node.restart()
}
