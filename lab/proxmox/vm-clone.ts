import { randomUUID } from 'node:crypto'
import { LOCK_WAIT_MS } from './config-locks.ts'
import { CREATE_MS, importMs } from './durations.ts'
import { exitTextOf, failed, Failure, forbidden } from './failure.ts'
import { writeNic } from './nic.ts'
import { moveGuest } from './vm-migrate.ts'
import { writeProperties } from './property-string.ts'
import { newDisk, type Volume } from './storages.ts'
import { drivesOf, isCdRom, isCloudInit, newVm, type Vm } from './vm.ts'
import { getSnapshot } from './vm-snapshot.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'

export interface CloneWish {
  readonly newId: number
  readonly name: string | undefined
  readonly description: string | undefined
  readonly full: boolean | undefined
  readonly pool: string | undefined
  readonly snapshot: string | undefined
  readonly storage: string | undefined
  readonly target: string | undefined
}

/** A worker of the clone waits no longer than this for the source; parallel clones of one template collide on it. */
const SOURCE_LOCK_MS = 1_000

/** Copies a guest: another UUID, other MACs, everything else as it was; disks are linked to a template's or copied. */
export async function cloneVm(world: World, who: Identity, vmid: number, wish: CloneWish): Promise<string> {
  const { access, cluster } = world
  access.check(who, `/vms/${vmid}`, 'VM.Clone')
  const mayMake =
    access.may(who, `/vms/${wish.newId}`, 'VM.Allocate') ||
    (wish.pool !== undefined && access.may(who, `/pool/${wish.pool}`, 'VM.Allocate'))
  if (!mayMake) throw forbidden(`/vms/${wish.newId}, VM.Allocate`)
  if (wish.target !== undefined && !cluster.findWorld(wish.target))
    throw failed(`no such cluster node '${wish.target}'`)
  const source = world.vms.get(vmid)
  if (cluster.findGuest(wish.newId)) throw failed(`unable to create VM ${wish.newId}: config file already exists`)
  const linked = source.config.get('template') === '1' && wish.full !== true
  if (linked && wish.storage !== undefined)
    throw new Failure(400, 'Parameter verification failed.', { storage: 'this requires a full clone' })
  const config = wish.snapshot === undefined ? source.config : getSnapshot(source, wish.snapshot).config
  for (const [, drive] of drivesOf(config)) {
    if (isCdRom(drive) && !isCloudInit(drive.get('file') ?? '')) continue
    access.check(who, `/storage/${wish.storage ?? drive.get('file')?.split(':')[0] ?? ''}`, 'Datastore.AllocateSpace')
  }
  const clone = newVm(wish.newId, [['lock', 'clone']])
  world.vms.add(clone)
  return world.tasks.start('qmclone', String(vmid), who, (worker) =>
    traced(world, 'vm.clone', String(wish.newId), () =>
      world.locks.with(wish.newId, LOCK_WAIT_MS, () =>
        world.locks.with(vmid, SOURCE_LOCK_MS, () => copy(world, worker, { source, config, clone, linked, wish })),
      ),
    ),
  )
}

interface Copying {
  readonly source: Vm
  readonly config: ReadonlyMap<string, string>
  readonly clone: Vm
  readonly linked: boolean
  readonly wish: CloneWish
}

async function copy(world: World, worker: Worker, { source, config, clone, linked, wish }: Copying): Promise<void> {
  const made: Volume[] = []
  try {
    worker.log(`creating a clone of VM ${source.vmid} with ID ${clone.vmid}`)
    await worker.busy(CREATE_MS)
    const copied = new Map([...config].filter(([key]) => !NOT_COPIED.has(key)))
    for (const [key, drive] of drivesOf(config)) {
      if (isCdRom(drive) && !isCloudInit(drive.get('file') ?? '')) continue
      const text = await copyDrive(world, worker, { key, drive, vmid: clone.vmid, linked, storage: wish.storage, made })
      if (text === undefined) copied.delete(key)
      else copied.set(key, text)
    }
    for (const [key, value] of copied)
      if (/^net\d+$/.test(key)) copied.set(key, writeNic(value.replace(/=(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}/, '')))
    const smbios = (copied.get('smbios1') ?? '').split(',').filter((part) => part !== '' && !part.startsWith('uuid='))
    copied.set('smbios1', [`uuid=${randomUUID()}`, ...smbios].join(','))
    copied.set('vmgenid', randomUUID())
    copied.set('name', wish.name ?? `Copy-of-${wordFor(source)}`)
    if (wish.description !== undefined) copied.set('description', wish.description)
    clone.config.clear()
    for (const [key, value] of copied) clone.config.set(key, value)
    if (wish.pool !== undefined) world.access.pools.get(wish.pool)?.vms.add(clone.vmid)
    const target = wish.target === undefined ? undefined : world.cluster.findWorld(wish.target)
    if (target && target !== world) moveGuest(world, target, clone)
  } catch (cause) {
    for (const volume of made) world.storages.remove(volume.volid)
    world.vms.remove(clone.vmid)
    throw failed(`clone failed: ${exitTextOf(cause)}`)
  }
}

const NOT_COPIED = new Set(['template', 'lock', 'meta', 'protection', 'parent'])
const wordFor = (vm: Vm): string => vm.config.get('name') ?? `VM-${vm.vmid}`

async function copyDrive(
  world: World,
  worker: Worker,
  what: {
    readonly key: string
    readonly drive: ReadonlyMap<string, string>
    readonly vmid: number
    readonly linked: boolean
    readonly storage: string | undefined
    readonly made: Volume[]
  },
): Promise<string | undefined> {
  const { key, drive, vmid, linked } = what
  const file = drive.get('file') ?? ''
  if (key.startsWith('unused')) return undefined
  const from = world.storages.findVolume(file)
  if (!from) throw failed(`volume '${file}' does not exist`)
  const storage = world.storages.get(what.storage ?? from.storage)
  worker.log(`create ${linked ? 'linked' : 'full'} clone of drive ${key} (${file})`)
  const volume = newDisk(storage, vmid, {
    suffix: isCloudInit(file) ? 'cloudinit' : 'disk',
    format: from.format === 'raw' ? 'raw' : 'qcow2',
    sizeBytes: from.sizeBytes,
    usedBytes: linked ? 0 : from.usedBytes,
    image: from.image,
    at: epochSeconds(world),
    ...(linked ? { base: from } : {}),
  })
  what.made.push(volume)
  if (!linked) await worker.busy(importMs(from.usedBytes, 1))
  const rest = new Map([...drive].filter(([name]) => name !== 'file'))
  return writeProperties(volume.volid, rest)
}
