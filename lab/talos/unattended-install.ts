import { later } from './apid/wire.ts'
import type { UnattendedInstall } from './config/node-config.ts'
import type { InstalledSystem } from './disk.ts'
import { DURATION } from './durations.ts'
import { installerOutput, readInstaller } from './installer.ts'
import type { TalosNode } from './node.ts'
import { reboot } from './sequences/power.ts'

/** How far a node that installs itself is, as UnattendedInstallStatuses shows it. */
export interface InstallProgress {
  readonly image: string
  readonly phase: 'pending' | 'installing' | 'installed' | 'waiting-for-reboot' | 'failed'
  readonly error?: string
}

const DISK = '/dev/sda'
const INSTALLER = 'factory.talos.dev/metal-installer'

/**
 * A node that runs from a CD writes itself to its disk while everything else comes up, since Talos 1.14; older ones did
 * so before. With an installer of its own it reboots into that; with none it stays what it is.
 */
export async function installUnattended(node: TalosNode, wish: UnattendedInstall, signal: AbortSignal): Promise<void> {
  const { disk } = node
  if (!disk) return
  const running: InstalledSystem = { talosVersion: disk.talosVersion, schematicId: disk.schematicId }
  const image = wish.image || `${INSTALLER}/${running.schematicId}:${running.talosVersion}`
  const be = (phase: InstallProgress['phase'], error?: string): void => {
    node.install = { image, phase, ...(error === undefined ? {} : { error }) }
    node.changed()
  }
  if (disk.installed) return be('installed')
  if (wish.diskPath !== undefined && wish.diskPath !== DISK) return be('pending', 'no disk matched the selector')
  be('installing')
  const system = readInstaller(image)
  await node.world.busy('node.install', node.hardware.name, DURATION.install, signal)
  signal.throwIfAborted()
  if (!system.ok) return be('failed', `failed to pull image "${image}": not found`)
  for (const line of installerOutput(system.value, DISK)) node.journal.kernel(`[talos] ${line}`)
  disk.installed = true
  if (!wish.reboots) return be('installed')
  disk.next = system.value
  be('waiting-for-reboot')
  // It ends the very cycle that this runs in, so nobody waits for it here.
  later(() => reboot(node, ''))
}
