import type { GuestHardware, GuestRuntime } from '#lab/guest.ts'
import { TalosNode } from './node.ts'
import type { TalosWorld } from './world.ts'

/**
 * What runs in the lab's guests: Talos, wherever a disk holds its image. The hypervisor calls in; a guest that turns
 * itself off is told to whoever listens.
 */
export interface TalosGuests extends GuestRuntime {
  nodes(): readonly TalosNode[]
  /** A guest went off by itself (shutdown or reset over its API). */
  onOff(listener: (uuid: string) => void): void
  close(): Promise<void>
}

export function talosGuests(world: TalosWorld): TalosGuests {
  const listeners = new Set<(uuid: string) => void>()

  const noteDuplicates = (hardware: GuestHardware) => {
    const macs = new Set(hardware.nics.map((nic) => nic.mac.toLowerCase()))
    for (const other of world.nodes.values()) {
      if (!other.on || other.hardware.vmid === hardware.vmid) continue
      const shared = other.links.find((link) => macs.has(link.mac))
      if (shared)
        world.violate('duplicate-mac', shared.mac, `${hardware.name} and ${other.hardware.name} are on with one MAC`)
      if (other.uuid === hardware.uuid)
        world.violate(
          'duplicate-uuid',
          hardware.uuid,
          `${hardware.name} and ${other.hardware.name} are on with one UUID`,
        )
    }
  }

  return {
    powerOn(hardware) {
      noteDuplicates(hardware)
      const node = world.nodes.get(hardware.uuid) ?? new TalosNode(world, hardware)
      world.nodes.set(hardware.uuid, node)
      node.onSelfOff = () => {
        for (const listener of listeners) listener(hardware.uuid)
      }
      // Two guests with one UUID cannot both be told apart here; the later one wins.
      if (node.on) void node.pullPlug().then(() => node.powerOn(hardware))
      else node.powerOn(hardware)
    },
    async powerOff(uuid, how) {
      const node = world.nodes.get(uuid)
      if (!node) return
      await (how === 'stop' ? node.pullPlug() : node.shutDown())
    },
    eraseDisk(diskId) {
      world.disks.erase(diskId)
      // Nothing is left of a guest that is off and has lost its disk; what has its name later is another one.
      for (const node of world.nodes.values())
        if (!node.on && node.hardware.disk?.id === diskId) world.nodes.delete(node.uuid)
    },
    nodes: () => [...world.nodes.values()],
    onOff: (listener) => void listeners.add(listener),
    async close() {
      await Promise.all([...world.nodes.values()].map((node) => node.pullPlug()))
      world.close()
    },
  }
}
