import type { DiskShape, Hardware } from '#core/model/hardware.ts'
import type { MachineBoot } from '../../provider.ts'
import { formatProperties } from '../parse.ts'

/**
 * The disks of a machine: the first one is its system disk, on `scsi0`, and the others follow in their order. Sub-keys
 * stand in a fixed order, so that two machines of one shape read alike.
 *
 * Source: facts proxmox.md §1.7.
 */
export const SYSTEM_DISK = 'scsi0'

export const diskKey = (index: number): string => `scsi${index}`

export function diskParams({ disks }: Pick<Hardware, 'disks'>, boot: MachineBoot): Readonly<Record<string, string>> {
  return Object.fromEntries(
    disks.map((disk, index) => {
      // A size of 0 means the size of the image; it is grown afterwards, before the first boot.
      const imported = index === 0 && boot.by === 'image' ? boot.volumeId : undefined
      const size = imported === undefined ? disk.sizeGiB : 0
      return [diskKey(index), formatProperties(`${disk.storage}:${size}`, diskOptions(disk, imported))] as const
    }),
  )
}

/** What is left out here is the default of Proxmox. */
const diskOptions = (disk: DiskShape, importFrom: string | undefined) => ({
  'import-from': importFrom,
  discard: disk.discard ? 'on' : undefined,
  ssd: disk.ssd ? '1' : undefined,
  iothread: disk.iothread ? '1' : undefined,
  cache: disk.cache,
  backup: disk.backup ? undefined : '0',
  // Talos selects disks by it; names of devices change with the order of their discovery (talos#12073).
  serial: disk.name,
})
