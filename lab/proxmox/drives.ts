import { STORAGE_LOCK_WAIT_MS } from './config-locks.ts'
import { badParameters, failed } from './failure.ts'
import { importMs } from './durations.ts'
import { readProperties, writeProperties } from './property-string.ts'
import { formatSize, humanSize } from './sizes.ts'
import { freeBytesOf, newDisk, type Storage, type Volume } from './storages.ts'
import { driveFormatOf, isCloudInit } from './vm.ts'
import { epochSeconds, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'

/**
 * Drives as they are written in a request: `store:8` makes an empty disk of 8 GiB, `store:cloudinit` the cloud-init
 * drive, `store:0,import-from=IMAGE` a disk from an image; anything else names a volume that is there.
 */
const CLOUD_INIT_BYTES = 4 * 1024 ** 2
const EFI_BYTES = 528 * 1024
/** The largest file of a common file system. */
export const MAX_DISK_BYTES = 16 * 1024 ** 4
/** Both releases keep it in so much, whatever was asked for. */
const TPM_BYTES = 4 * 1024 ** 2

interface NewDrive {
  readonly storage: string
  readonly size: string
  readonly importFrom: string | undefined
}

const newDriveOf = (properties: ReadonlyMap<string, string>): NewDrive | undefined => {
  const match = /^([A-Za-z][\w.-]*):(cloudinit|\d+(?:\.\d+)?)$/.exec(properties.get('file') ?? '')
  return match
    ? { storage: match[1] ?? '', size: match[2] ?? '', importFrom: properties.get('import-from') }
    : undefined
}

/** What is refused before any work begins. */
export function checkDrive(world: World, who: Identity, key: string, text: string): void {
  const properties = readProperties(driveFormatOf(key), text) ?? new Map<string, string>()
  const file = properties.get('file') ?? ''
  const wanted = newDriveOf(properties)
  const importFrom = properties.get('import-from')
  if (importFrom !== undefined && wanted?.size !== '0')
    throw badParameters({ [key]: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>" })
  if (file === 'none' || file === 'cdrom') return
  if (file.includes(':iso/') && properties.get('media') !== 'cdrom')
    throw badParameters({ [key]: "explicit 'media=cdrom' is required for iso images" })
  const storageName = wanted?.storage ?? file.split(':')[0] ?? ''
  if (wanted) world.access.check(who, `/storage/${storageName}`, 'Datastore.AllocateSpace')
  else world.access.checkAny(who, `/storage/${storageName}`, ['Datastore.AllocateSpace', 'Datastore.Audit'])
  const storage = world.storages.get(storageName)
  if (!wanted) {
    const name = file.slice(storageName.length + 1)
    if (!/^(iso\/|import\/|\d+\/|vm-)/.test(name)) throw failed(`unable to parse directory volume name '${name}'`)
    return
  }
  if (!storage.content.includes('images'))
    throw badParameters({ [key]: `storage '${storageName}' does not support vm images` })
  if (importFrom !== undefined) checkImportSource(world, who, key, importFrom)
}

function checkImportSource(world: World, who: Identity, key: string, source: string): void {
  if (source.startsWith('/'))
    throw failed('Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.')
  const [storageName = '', name = ''] = source.split(':')
  world.storages.get(storageName)
  if (!world.access.may(who, `/storage/${storageName}`, 'Datastore.Allocate'))
    world.access.checkAny(who, `/storage/${storageName}`, ['Datastore.AllocateSpace', 'Datastore.Audit'])
  if (name.startsWith('iso/'))
    throw badParameters({ [key]: `${source} has wrong type 'iso' - needs to be 'images' or 'import'` })
  if (name.startsWith('import/') && !/\.(qcow2|raw|vmdk|ova)$/.test(name))
    throw failed(`unable to parse directory volume name '${name}'`)
}

/** Makes what the text asks for and gives the text that the configuration keeps. */
export async function makeDrive(
  world: World,
  worker: Worker,
  vmid: number,
  key: string,
  text: string,
): Promise<string> {
  const properties = readProperties(driveFormatOf(key), text) ?? new Map<string, string>()
  const wanted = newDriveOf(properties)
  const rest = new Map([...properties].filter(([name]) => !['file', 'import-from', 'format'].includes(name)))
  if (!wanted) return existingDrive(world, key, properties, rest)
  const storage = world.storages.get(wanted.storage)
  if (wanted.size === 'cloudinit') {
    const volume = await allocate(world, worker, storage, vmid, 'cloudinit', 'qcow2', CLOUD_INIT_BYTES, 266_240)
    rest.set('media', 'cdrom')
    return announce(worker, key, writeProperties(volume.volid, rest))
  }
  if (wanted.importFrom !== undefined) {
    const volume = await importImage(world, worker, storage, vmid, wanted.importFrom)
    rest.set('size', formatSize(volume.sizeBytes))
    return announce(worker, key, writeProperties(volume.volid, rest))
  }
  const isEfi = key.startsWith('efidisk')
  const bytes = isEfi ? EFI_BYTES : key.startsWith('tpmstate') ? TPM_BYTES : Number(wanted.size) * 1024 ** 3
  const volume = await allocate(world, worker, storage, vmid, 'disk', 'raw', bytes, isEfi ? bytes : 0)
  if (isEfi) for (const line of progress(bytes)) worker.log(line)
  rest.set('size', formatSize(bytes))
  return announce(worker, key, writeProperties(volume.volid, rest))
}

function announce(worker: Worker, key: string, text: string): string {
  worker.log(`${key}: successfully created disk '${text}'`)
  return text
}

function existingDrive(
  world: World,
  key: string,
  properties: ReadonlyMap<string, string>,
  rest: Map<string, string>,
): string {
  const file = properties.get('file') ?? ''
  if (file === 'none' || file === 'cdrom') return writeProperties(file, rest)
  const volume = world.storages.findVolume(file)
  if (!volume) throw failed(`volume '${file}' does not exist`)
  // A CD is told in whole KiB.
  const size = properties.get('media') === 'cdrom' ? Math.ceil(volume.sizeBytes / 1024) * 1024 : volume.sizeBytes
  if (!isCloudInit(file) && !key.startsWith('unused')) rest.set('size', formatSize(size))
  return writeProperties(file, rest)
}

/** Allocates under the store's lock; a store that is busy for too long, or away, is the end of the task. */
async function allocate(
  world: World,
  worker: Worker,
  storage: Storage,
  vmid: number,
  suffix: 'disk' | 'cloudinit',
  format: 'raw' | 'qcow2',
  sizeBytes: number,
  usedBytes: number,
  image?: Volume['image'],
): Promise<Volume> {
  if (!storage.active) throw failed(`storage '${storage.name}' is not online`)
  await world.storageLocks.with(
    storage.name,
    STORAGE_LOCK_WAIT_MS,
    () => undefined,
    () => worker.log('trying to acquire lock...'),
  )
  const volume = newDisk(storage, vmid, { suffix, format, sizeBytes, usedBytes, image, at: epochSeconds(world) })
  if (sizeBytes > MAX_DISK_BYTES) {
    storage.volumes.delete(volume.volid)
    throw failed(
      `unable to create image: qemu-img: ${volume.path}: The image size is too large for file format '${volume.format}'`,
    )
  }
  const how =
    volume.format === 'raw'
      ? `fmt=raw size=${sizeBytes} preallocation=off`
      : `fmt=qcow2 cluster_size=65536 extended_l2=off preallocation=metadata compression_type=zlib size=${sizeBytes} lazy_refcounts=off refcount_bits=16`
  worker.log(`Formatting '${volume.path}', ${how}`)
  return volume
}

/** Imports that run now, by storage: they share its bandwidth. */
const importsOn = new WeakMap<Storage, number>()

async function importImage(
  world: World,
  worker: Worker,
  storage: Storage,
  vmid: number,
  source: string,
): Promise<Volume> {
  const image = world.storages.findVolume(source)
  if (!image) {
    const [from = '', name = ''] = source.split(':')
    throw failed(`failed to stat '${world.storages.get(from).path ?? `/dev/${from}`}/${name}'`)
  }
  worker.log(`create full clone of drive (${source})`)
  const volume = await allocate(world, worker, storage, vmid, 'disk', 'qcow2', image.sizeBytes, 0, image.image)
  worker.log(`allocated target volume '${volume.volid}'`)
  const copy = `/usr/bin/qemu-img convert -p -n -f ${image.format} -O ${volume.format} ${image.path} zeroinit:${volume.path}`
  const broken = (why: string): Error =>
    failed(`cannot import from '${source}' - copy failed: command '${copy}' failed: ${why}`)
  const atOnce = (importsOn.get(storage) ?? 0) + 1
  importsOn.set(storage, atOnce)
  const fits = Math.min(1, freeBytesOf(storage) / image.usedBytes)
  const ms = importMs(image.usedBytes, atOnce, world.options.importMibPerSecond)
  try {
    await copyImage(worker, image, ms, fits).catch(() => {
      throw broken('received interrupt')
    })
  } finally {
    importsOn.set(storage, (importsOn.get(storage) ?? 1) - 1)
  }
  if (fits < 1 || freeBytesOf(storage) < image.usedBytes) {
    worker.log(`qemu-img: error while writing at byte ${Math.floor(image.usedBytes * fits)}: No space left on device`)
    throw broken('exit code 1')
  }
  volume.usedBytes = image.usedBytes
  return volume
}

/** From this size on every percent is told, as it comes; a small disk is done at once. */
const LARGE_BYTES = 256 * 1024 ** 2
const MAX_STEPS = 20

/** Copies that part of the image for which there is room. */
async function copyImage(worker: Worker, image: Volume, wholeMs: number, fits: number): Promise<void> {
  const ms = wholeMs * fits
  const bytes = image.sizeBytes
  const told =
    bytes < LARGE_BYTES
      ? [0, 0.5, 1, 1]
      : Array.from({ length: 101 }, (_, percent) => percent / 100).filter((part) => part <= fits)
  const steps = Math.max(1, Math.min(MAX_STEPS, Math.floor(ms / 500)))
  for (let step = 0; step < steps; step += 1) {
    await worker.busy(ms / steps)
    const [from, to] = [step, step + 1].map((each) => Math.round((each * told.length) / steps))
    for (const part of told.slice(from, to)) worker.log(progressLine(bytes, part))
  }
}

const progressLine = (bytes: number, part: number): string =>
  `transferred ${humanSize(bytes * part)} of ${humanSize(bytes)} (${(part * 100).toFixed(2)}%)`

const progress = (bytes: number): string[] => [0, 0.5, 1, 1].map((part) => progressLine(bytes, part))
