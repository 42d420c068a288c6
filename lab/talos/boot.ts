import type { NodeConfig } from './config/node-config.ts'
import { readConfig } from './config/read-config.ts'
import { bootNext } from './disk.ts'
import { DURATION } from './durations.ts'
import { KERNEL_COMMAND_LINE } from './files/command-line.ts'
import { nameservers } from './files/tree.ts'
import type { TalosNode } from './node.ts'
import { runConfigured } from './run-configured.ts'

/** The log of everything in Talos that is no service. */
const CONTROLLERS = 'controller-runtime'

/** One power cycle from firmware to the end of the power; rejects when the power goes. */
export async function runBoot(node: TalosNode, signal: AbortSignal): Promise<void> {
  const { disk } = node
  if (!disk?.bootable) return
  await node.world.busy('node.boot', node.hardware.name, DURATION.boot, signal)
  bootNext(disk)
  if (disk.staged !== undefined) {
    disk.config = disk.staged
    disk.staged = undefined
  }
  sayHello(node)
  for (const id of ['machined', 'containerd', 'udevd', 'syslogd']) node.services.set(id, 'Running', 'Started task')
  // What STATE holds was checked when it was written; if it is good no more, the node asks for another.
  const saved = disk.config === undefined ? undefined : readConfig(disk.config, node.edition, node.world.time.now())
  if (saved && !saved.ok) node.journal.kernel(`[talos] failed to load the configuration: ${saved.error}`)
  let config = saved?.ok ? saved.value.config : undefined
  if (!config) {
    config = await maintain(node, signal)
    await node.world.busy('node.configure', node.hardware.name, DURATION.configure, signal)
  }
  node.config = config
  node.configureNetwork()
  for (const link of node.links)
    node.journal.write(CONTROLLERS, `assigned addresses to ${link.name}: ${link.addresses.join(', ')}`)
  node.journal.write('dns-resolve-cache', `updated dns server nameservers: ${nameservers(node).join(', ')}`)
  await runConfigured(node, config, signal)
}

/** Waits in maintenance mode for a configuration. */
async function maintain(node: TalosNode, signal: AbortSignal): Promise<NodeConfig> {
  await node.serve('maintenance', signal)
  node.setStage('maintenance')
  node.journal.kernel('[talos] this machine is reachable at:')
  for (const link of node.links) for (const address of link.addresses) node.journal.kernel(`[talos] \t${address}`)
  node.journal.kernel('[talos] upload configuration using talosctl:')
  node.journal.kernel(`[talos] \ttalosctl apply-config --insecure --nodes ${node.address} --file <config.yaml>`)
  await node.world.changes.until(() => node.pendingConfig !== undefined, signal)
  await node.world.busy('maintenance.end', node.hardware.name, DURATION.maintenanceGrace, signal)
  await node.serve('nobody', signal)
  if (!node.pendingConfig) throw new Error('a node leaves maintenance only with a configuration')
  return node.pendingConfig
}

function sayHello(node: TalosNode): void {
  const { hardware, journal } = node
  const version = node.disk?.talosVersion ?? ''
  const kernel = (text: string, priority = 'info') => journal.kernel(text, 'kern', priority)
  kernel(`Linux version ${node.edition.kernelVersion} (root@buildkitsandbox) #1 SMP`, 'notice')
  kernel(`Command line: ${KERNEL_COMMAND_LINE}`)
  kernel('DMI: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 4.2025.05 10/03/2026')
  kernel(`Memory: ${hardware.memoryMiB * 1024}K/${hardware.memoryMiB * 1024}K available`)
  kernel(`smp: Brought up 1 node, ${hardware.cores} CPUs`)
  for (const link of node.links) kernel(`virtio_net virtio0 ${link.name}: ${link.mac}`)
  if (hardware.disk) kernel(`sd 6:0:0:0: [sda] ${hardware.disk.sizeGiB * 2 ** 21} 512-byte logical blocks`, 'notice')
  journal.kernel(`[talos] booting Talos ${version}`)
  journal.write(CONTROLLERS, 'controller runtime starting')
}
