import type { GuestSeen, MachineSeen, NodeSeen, SiteSeen } from '#core/model/seen.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { SiteInventory } from '../providers/provider.ts'

/** What Talos itself says of a machine; the hypervisor's half is added here. */
export type TalosSight = Pick<MachineSeen, 'stage' | 'ready' | 'talosVersion' | 'bootId' | 'etcd'>

export const UNREACHABLE: TalosSight = { stage: 'unreachable', ready: false }

/** As what a machine was last made, and how it differs from that now. */
export type MadeSight = Pick<MachineSeen, 'shape' | 'drift'>

export interface Sights {
  /** Undefined until the provider has answered once. */
  readonly inventory: SiteInventory | undefined
  /** False when the last look failed: what is known may be old. */
  readonly inventoryFresh: boolean
  readonly watches: readonly WatchPut[]
  readonly talos: (machineId: string) => TalosSight | undefined
  readonly configured: (machineId: string) => { readonly intentHash: string; readonly configToken: string } | undefined
  readonly made: (machineId: string) => MadeSight
  readonly nodes: (clusterUid: string) => readonly NodeSeen[]
}

/** One observation out of all that was looked at. Pure. */
export function assemble(sights: Sights): SiteSeen {
  const { inventory, watches } = sights
  return {
    hosts: inventory?.hosts ?? [],
    storages: inventory?.storages ?? [],
    bridges: inventory?.bridges ?? [],
    guests: inventory?.guests ?? [],
    machines: watches.flatMap((watch) => watch.machines.map((machine) => machineSeen(machine, sights))),
    nodes: watches.flatMap((watch) => sights.nodes(watch.clusterUid)),
  }
}

type Watched = WatchPut['machines'][number]

function machineSeen(machine: Watched, sights: Sights): MachineSeen {
  const { machineId } = machine
  const power = powerOf(machine, sights)
  // A machine that is off cannot be what it last said it was.
  const talos = power === 'off' || power === 'absent' ? UNREACHABLE : (sights.talos(machineId) ?? UNREACHABLE)
  const configured = talos.stage === 'maintenance' ? undefined : sights.configured(machineId)
  const guest = sights.inventory?.guests.find(({ uuid }) => uuid === machineId)
  const moved = guest && guest.host !== machine.host ? { movedTo: guest.host } : {}
  // What is not there cannot differ.
  const made = guest ? sights.made(machineId) : {}
  return { machineId, power, ...talos, ...configured, ...moved, ...made }
}

/**
 * `absent` makes things be created, so it takes a fresh look in which nobody has the identity and nobody of unknown
 * identity sits in its place; a host that is away makes its guests unknown, not off.
 */
export function powerOf(
  { machineId, vmid }: Pick<Watched, 'machineId' | 'vmid'>,
  { inventory, inventoryFresh }: Pick<Sights, 'inventory' | 'inventoryFresh'>,
): MachineSeen['power'] {
  if (!inventory) return 'unknown'
  const guest = inventory.guests.find(({ uuid }: GuestSeen) => uuid === machineId)
  if (guest) {
    if (guest.running) return 'on'
    return inventory.hosts.some(({ name, online }) => name === guest.host && online) ? 'off' : 'unknown'
  }
  const inItsPlace = inventory.guests.some((other) => other.vmid === vmid && other.uuid === undefined)
  return inventoryFresh && !inItsPlace ? 'absent' : 'unknown'
}
