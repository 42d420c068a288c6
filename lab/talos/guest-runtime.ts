import type { GuestAgentReport, GuestHardware, GuestRuntime } from '#lab/guest.ts'
import type { LanNetworks } from '../lan/networks.ts'
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

/** What the runtime asks of the lab around it; a lab without networks leases nothing, and no image has an agent. */
export interface TalosSurroundings {
  readonly networks?: LanNetworks
  /** System extensions by schematic id. */
  readonly extensionsOf?: (schematicId: string) => readonly string[]
}

const AGENT_EXTENSION = 'siderolabs/qemu-guest-agent'

export function talosGuests(world: TalosWorld, surroundings: TalosSurroundings = {}): TalosGuests {
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
    powerOn(machine) {
      const hardware = asBooted(machine, surroundings)
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
    agent(uuid) {
      const node = world.nodes.get(uuid)
      const image = node?.hardware.disk?.image
      const talks = node !== undefined && (node.stage === 'maintenance' || node.stage === 'running')
      if (!talks || !image || !surroundings.extensionsOf?.(image.schematicId).includes(AGENT_EXTENSION))
        return undefined
      return reportOf(node, image.talosVersion)
    },
    nodes: () => [...world.nodes.values()],
    onOff: (listener) => void listeners.add(listener),
    async close() {
      await Promise.all([...world.nodes.values()].map((node) => node.pullPlug()))
      world.close()
    },
  }
}

/** An empty disk beside an installer: the system of the CD runs, and is what gets installed. Cards ask for addresses. */
function asBooted(machine: GuestHardware, { networks }: TalosSurroundings): GuestHardware {
  const { disk, installer } = machine
  const booted =
    disk && disk.image === undefined && installer ? { ...machine, disk: { ...disk, image: installer } } : machine
  const leased = booted.nics.flatMap(({ mac, bridge, vlan }) => {
    const told = booted.cloudInit?.nics.find((nic) => nic.mac === mac)
    const lease = told?.address === undefined ? networks?.lease(bridge, vlan, mac) : undefined
    return lease ? [{ mac, ...lease }] : told ? [told] : []
  })
  if (leased.length === 0) return booted
  const { hostname = '', nameservers = [] } = booted.cloudInit ?? {}
  return { ...booted, cloudInit: { hostname, nameservers, nics: leased } }
}

const reportOf = (node: TalosNode, talosVersion: string): GuestAgentReport => ({
  hostName: node.hostname,
  os: { id: 'talos', name: 'Talos', version: talosVersion, kernel: '6.12.0-talos' },
  interfaces: [
    { name: 'lo', mac: '00:00:00:00:00:00', addresses: ['127.0.0.1/8', '::1/128'] },
    ...node.links.map(({ name, mac, addresses }) => ({ name, mac, addresses })),
  ],
})
