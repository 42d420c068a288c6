import { LOCK_WAIT_MS } from './config-locks.ts'
import { MAX_DISK_BYTES } from './drives.ts'
import { RESIZE_MS } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { readProperties, writeProperties } from './property-string.ts'
import { formatSize, parseSize } from './sizes.ts'
import { digestOf, driveFormatOf, isCdRom } from './vm.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Parameters } from './parameter.ts'
import type { Worker } from './tasks.ts'

/** Grows a disk: always a task, in which every refusal appears. The same absolute size again changes nothing. */
export function resizeDisk(world: World, who: Identity, parameters: Parameters): string {
  const vmid = Number(parameters.get('vmid'))
  if (parameters.has('skiplock') && who.user !== 'root@pam')
    throw badParameters({ skiplock: 'Only root may use this option.' })
  return world.tasks.start('resize', String(vmid), who, (worker) =>
    traced(world, 'vm.resize', String(vmid), () =>
      world.locks.with(
        vmid,
        LOCK_WAIT_MS,
        () => grow(world, worker, who, vmid, parameters),
        () => worker.log('trying to acquire lock...'),
      ),
    ),
  )
}

async function grow(world: World, worker: Worker, who: Identity, vmid: number, parameters: Parameters): Promise<void> {
  const vm = world.vms.get(vmid)
  const digest = parameters.get('digest')
  if (digest !== undefined && digest !== digestOf(vm)) throw failed('checksum mismatch (file change by other user?)')
  const lock = vm.config.get('lock')
  if (lock !== undefined) throw failed(`VM is locked (${lock})`)
  const disk = parameters.get('disk') ?? ''
  const written = vm.config.get(disk)
  if (written === undefined) throw failed(`disk '${disk}' does not exist`)
  const drive = readProperties(driveFormatOf(disk), written) ?? new Map<string, string>()
  if (isCdRom(drive)) throw failed("you can't resize a cdrom")
  const volume = world.storages.findVolume(drive.get('file') ?? '')
  if (!volume) throw failed(`volume '${drive.get('file') ?? ''}' does not exist`)
  world.access.check(who, `/storage/${volume.storage}`, 'Datastore.AllocateSpace')
  const wanted = parameters.get('size') ?? ''
  const bytes = wanted.startsWith('+') ? volume.sizeBytes + parseSize(wanted.slice(1)) : parseSize(wanted)
  if (bytes < volume.sizeBytes) throw failed('shrinking disks is not supported')
  if (bytes === volume.sizeBytes) return
  if (bytes > MAX_DISK_BYTES)
    throw failed(
      `command '/usr/bin/qemu-img resize '--preallocation=off' -f ${volume.format} ${volume.path} ${bytes}' failed: exit code 1`,
    )
  await worker.busy(RESIZE_MS)
  if (!vm.running) worker.log('Image resized.')
  volume.sizeBytes = bytes
  volume.changedAt = epochSeconds(world)
  const rest = new Map([...drive].filter(([key]) => key !== 'file'))
  vm.config.set(disk, writeProperties(volume.volid, rest.set('size', formatSize(bytes))))
}
