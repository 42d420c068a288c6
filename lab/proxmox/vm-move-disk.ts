import { LOCK_WAIT_MS } from './config-locks.ts'
import { importMs } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { readProperties, writeProperties } from './property-string.ts'
import { freeBytesOf, newDisk } from './storages.ts'
import { digestOf, driveFormatOf, isCdRom } from './vm.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'

export interface DiskMove {
  readonly disk: string
  readonly storage: string
  readonly format: string | undefined
  readonly deleteSource: boolean
  readonly digest: string | undefined
}

/** Copies a disk to another store while the guest runs or not. The old one stays as `unusedN` unless deleted. */
export function moveDisk(world: World, who: Identity, vmid: number, move: DiskMove): string {
  const vm = world.vms.get(vmid)
  if (move.digest !== undefined && move.digest !== digestOf(vm))
    throw failed('checksum mismatch (file change by other user?)')
  const written = vm.config.get(move.disk)
  if (written === undefined) throw badParameters({ disk: `disk '${move.disk}' does not exist` })
  const drive = readProperties(driveFormatOf(move.disk), written) ?? new Map<string, string>()
  if (isCdRom(drive)) throw failed("you can't move a cdrom")
  world.access.check(who, `/storage/${move.storage}`, 'Datastore.AllocateSpace')
  const storage = world.storages.get(move.storage)
  const old = world.storages.findVolume(drive.get('file') ?? '')
  if (!old) throw failed(`volume '${drive.get('file') ?? ''}' does not exist`)
  if (old.storage === move.storage && (move.format === undefined || move.format === old.format))
    throw failed("you can't move to the same storage with same format")
  return world.tasks.start('qmmove', String(vmid), who, (worker) =>
    traced(world, 'disk.move', String(vmid), () =>
      world.locks.with(vmid, LOCK_WAIT_MS, async () => {
        const lock = vm.config.get('lock')
        if (lock !== undefined) throw failed(`VM is locked (${lock})`)
        worker.log(`create full clone of drive ${move.disk} (${old.volid})`)
        if (freeBytesOf(storage) < old.usedBytes)
          throw failed(`storage migration failed: copy failed: No space left on device`)
        const made = newDisk(storage, vmid, {
          suffix: 'disk',
          format: move.format === 'raw' ? 'raw' : 'qcow2',
          sizeBytes: old.sizeBytes,
          usedBytes: old.usedBytes,
          image: old.image,
          at: epochSeconds(world),
          id: old.id,
        })
        await worker.busy(importMs(old.usedBytes, 1)).catch((cause: unknown) => {
          world.storages.remove(made.volid)
          throw cause
        })
        const rest = new Map([...drive].filter(([name]) => name !== 'file'))
        vm.config.set(move.disk, writeProperties(made.volid, rest))
        if (move.deleteSource) world.storages.remove(old.volid)
        else vm.config.set(unusedKey(vm.config), old.volid)
      }),
    ),
  )
}

/** The first `unusedN` that is free. */
export function unusedKey(config: ReadonlyMap<string, string>): string {
  let number = 0
  while (config.has(`unused${number}`)) number += 1
  return `unused${number}`
}
