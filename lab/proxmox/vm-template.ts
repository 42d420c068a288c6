import { LOCK_WAIT_MS } from './config-locks.ts'
import { CONFIGURE_MS } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { readProperties, writeProperties } from './property-string.ts'
import { driveFormatOf, drivesOf, isCdRom } from './vm.ts'
import type { Identity } from './access.ts'
import type { World } from './world.ts'

/** A guest that others are made of, and that never starts again: its disks are renamed and only read from then on. */
export function makeTemplate(world: World, who: Identity, vmid: number): string {
  const vm = world.vms.get(vmid)
  if (vm.snapshots.size > 0) throw failed(`unable to create template, because VM contains snapshots`)
  if (vm.config.get('template') === '1') throw failed("you can't convert a template to a template")
  if (vm.running) throw badParameters({ vmid: "you can't convert a VM to template if VM is running" })
  return world.tasks.start('qmtemplate', String(vmid), who, (worker) =>
    world.locks.with(vmid, LOCK_WAIT_MS, async () => {
      await worker.busy(CONFIGURE_MS)
      vm.config.set('template', '1')
      for (const [key, drive] of drivesOf(vm.config)) {
        if (isCdRom(drive)) continue
        const volid = world.storages.rename(drive.get('file') ?? '', (name) =>
          name.replace(/vm-(\d+)-disk/, 'base-$1-disk'),
        )
        const written = readProperties(driveFormatOf(key), vm.config.get(key) ?? '') ?? new Map<string, string>()
        written.delete('file')
        if (volid !== undefined) vm.config.set(key, writeProperties(volid, written))
      }
    }),
  )
}
