import { z } from 'zod'
import { formatMiB } from '../base/units.ts'
import { MAX_DISKS, MAX_NICS, type Hardware } from './hardware.ts'

/**
 * What of a machine can be changed without making it anew: what a machine class may say differently at any time. The
 * rest of its hardware it keeps for life.
 */
const MAX_TAGS = 32

export const MachineShape = z.object({
  cpu: z.int(),
  cpuType: z.string().max(64),
  numa: z.boolean(),
  memoryMiB: z.int(),
  disks: z.array(z.object({ name: z.string().max(20), sizeGiB: z.int() })).max(MAX_DISKS),
  /** Of each NIC, in their order; null where there is none. */
  vlans: z.array(z.int().nullable()).max(MAX_NICS),
  onboot: z.boolean(),
  protection: z.boolean(),
  tags: z.array(z.string().max(64)).max(MAX_TAGS),
})
export type MachineShape = z.infer<typeof MachineShape>

export const shapeOf = (hardware: Hardware): MachineShape => ({
  cpu: hardware.cpu,
  cpuType: hardware.cpuType,
  numa: hardware.numa,
  memoryMiB: hardware.memoryMiB,
  disks: hardware.disks.map(({ name, sizeGiB }) => ({ name, sizeGiB })),
  vlans: hardware.nics.map(({ vlan }) => vlan ?? null),
  onboot: hardware.onboot,
  protection: hardware.protection,
  tags: [...hardware.tags].sort(),
})

export interface ShapeChange {
  /** As people call it: `memory`, or `disk talos-system`. */
  readonly what: string
  readonly before: string
  readonly after: string
  /** Takes effect only with a power cycle: Talos takes neither CPU nor memory while it runs, and uses a grown disk from its next boot on. */
  readonly restarts: boolean
}

/** In what two shapes of one machine differ. [] when in nothing. */
export function shapeChanges(before: MachineShape, after: MachineShape): readonly ShapeChange[] {
  const hot = (what: string, was: string, is: string) => ({ what, before: was, after: is, restarts: false })
  const cold = (what: string, was: string, is: string) => ({ what, before: was, after: is, restarts: true })
  const disks = after.disks.map(({ name, sizeGiB }) =>
    cold(`disk ${name}`, `${before.disks.find((disk) => disk.name === name)?.sizeGiB ?? 0}Gi`, `${sizeGiB}Gi`),
  )
  return [
    cold('cpu', String(before.cpu), String(after.cpu)),
    cold('cpuType', before.cpuType, after.cpuType),
    cold('numa', String(before.numa), String(after.numa)),
    cold('memory', formatMiB(before.memoryMiB), formatMiB(after.memoryMiB)),
    ...disks,
    ...after.vlans.map((vlan, index) => hot(`nic ${index} vlan`, sayVlan(before.vlans[index]), sayVlan(vlan))),
    hot('onboot', String(before.onboot), String(after.onboot)),
    hot('protection', String(before.protection), String(after.protection)),
    hot('tags', before.tags.join(' '), after.tags.join(' ')),
  ].filter((change) => change.before !== change.after)
}

const sayVlan = (vlan: number | null | undefined): string => (typeof vlan === 'number' ? String(vlan) : '')

/** `memory 8Gi → 16Gi, cpu 4 → 8`. */
export const sayChanges = (changes: readonly ShapeChange[]): string =>
  changes.map(({ what, before, after }) => `${what} ${before || 'none'} → ${after || 'none'}`).join(', ')
