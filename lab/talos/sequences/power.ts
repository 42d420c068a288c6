import { DURATION } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import { runSequence, type Phase } from './run.ts'

/** The ways out of a power cycle that go through Talos: reboot and shutdown. Each is safe to begin while another runs; the later one ends it. */
export async function reboot(node: TalosNode, actorId: string): Promise<void> {
  const { signal } = node
  node.setStage('rebooting')
  await runSequence(node, 'reboot', actorId, [
    { name: 'cleanup', tasks: [{ name: 'stopAllPods' }] },
    { name: 'dbus', tasks: [{ name: 'stopDBus' }] },
    ...stopEverything(node),
    { name: 'reboot', tasks: [{ name: 'reboot' }] },
  ])
  if (!signal.aborted) await node.restart()
}

export async function shutDown(node: TalosNode, actorId: string): Promise<void> {
  if (await goDown(node, actorId)) await node.pullPlug()
}

/** As `shutDown`, asked for over the node's own API: its hypervisor is told. */
export async function turnOff(node: TalosNode, actorId: string): Promise<void> {
  if (await goDown(node, actorId)) await node.turnOff()
}

/** False when the power went meanwhile; who pulled the plug may also have put it back, and that is another cycle. */
async function goDown(node: TalosNode, actorId: string): Promise<boolean> {
  if (!node.on) return false
  const { signal } = node
  node.setStage('shutting down')
  await runSequence(node, 'shutdown', actorId, [
    { name: 'storeShudown', tasks: [{ name: 'storeShutdownEmergency' }] },
    { name: 'cleanup', tasks: [{ name: 'stopAllPods' }] },
    { name: 'dbus', tasks: [{ name: 'stopDBus' }] },
    ...stopEverything(node),
    { name: 'shutdown', tasks: [{ name: 'shutdown' }] },
  ])
  return !signal.aborted
}

/** Services first, then file systems; all together as long as a shutdown takes. `stopAllServices` is what clients wait for. */
export function stopEverything(node: TalosNode): readonly Phase[] {
  return [
    {
      name: 'stopServices',
      tasks: [{ name: 'stopServicesEphemeral', ms: DURATION.shutdown / 2, act: () => stopServices(node) }],
    },
    { name: 'umount', tasks: [{ name: 'unmountPodMounts' }] },
    { name: 'unmountBind', tasks: [{ name: 'unmountSystemDiskBindMounts' }] },
    { name: 'unmountSystem', tasks: [{ name: 'unmountEphemeralPartition' }] },
    { name: 'volumeFinalize', tasks: [{ name: 'teardownVolumeLifecycle' }] },
    { name: 'stopEverything', tasks: [{ name: 'stopAllServices', ms: DURATION.shutdown / 2 }] },
  ]
}

/** What stays up to the end, because the way out is driven by it. */
const LAST_SERVICES = new Set(['machined', 'apid', 'udevd', 'containerd'])

function stopServices(node: TalosNode): void {
  for (const { id, state } of node.services.all())
    if (!LAST_SERVICES.has(id) && state !== 'Finished')
      node.services.set(id, 'Finished', 'Service finished successfully')
}
