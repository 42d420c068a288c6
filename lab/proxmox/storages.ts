import { randomUUID } from 'node:crypto'
import { badParameters, failed } from './failure.ts'
import type { StorageOptions, StorageType } from './options.ts'

/** Everything that holds bytes. A volume's `id` is never used twice, its `volid` may be. */
export interface Volume {
  readonly id: string
  readonly volid: string
  readonly storage: string
  readonly content: 'images' | 'import' | 'iso' | 'vztmpl' | 'rootdir' | 'backup'
  readonly format: string
  readonly vmid: number | undefined
  /** Where it lies on the host; shown in task logs. */
  readonly path: string
  /** What a guest sees. */
  sizeBytes: number
  /** What it takes on the store. */
  usedBytes: number
  /** Epoch seconds. */
  changedAt: number
  image: VolumeImage | undefined
  /** What somebody wrote there byte by byte, where the lab looks into it: a small ISO image. */
  bytes?: Buffer
  /** The disk of a template that this one only adds to. */
  readonly base?: string
}

export interface VolumeImage {
  readonly sha256: string
  readonly content: { readonly talosVersion: string; readonly schematicId: string } | undefined
}

export interface Storage {
  readonly name: string
  readonly type: StorageType
  content: readonly string[]
  readonly totalBytes: number
  /** What is on it that is not a volume. */
  foreignBytes: number
  readonly path: string | undefined
  readonly shared: boolean
  disabled: boolean
  /** A store whose server is gone: listed as not active, and nothing can be done with it. */
  active: boolean
  /** Every call that looks at the store takes this much longer, in lab milliseconds. */
  slowMs: number
  readonly volumes: Map<string, Volume>
}

/** What a store has that somebody adds by the API; large enough not to be what a test is about. */
const ADDED_STORAGE_BYTES = 256 * 1024 ** 3

export class Storages {
  readonly #storages = new Map<string, Storage>()

  constructor(options: readonly StorageOptions[], shared: Map<string, Storage> = new Map()) {
    for (const each of options) {
      const known = each.shared === true ? shared.get(each.name) : undefined
      if (known) this.#storages.set(each.name, known)
      else {
        const added = this.add(each)
        if (each.shared === true) shared.set(each.name, added)
      }
    }
  }

  forget(name: string): void {
    this.#storages.delete(name)
  }

  add(options: Omit<StorageOptions, 'totalBytes'> & { readonly totalBytes?: number; readonly path?: string }): Storage {
    const storage: Storage = {
      name: options.name,
      type: options.type,
      content: options.content,
      totalBytes: options.totalBytes ?? ADDED_STORAGE_BYTES,
      foreignBytes: options.usedBytes ?? 0,
      path: holdsFiles(options.type) ? (options.path ?? defaultPath(options.name, options.type)) : undefined,
      shared: options.shared === true || options.type === 'nfs',
      disabled: false,
      active: true,
      slowMs: 0,
      volumes: new Map(),
    }
    this.#storages.set(options.name, storage)
    return storage
  }

  all(): Storage[] {
    return [...this.#storages.values()]
  }

  find(name: string): Storage | undefined {
    return this.#storages.get(name)
  }

  get(name: string): Storage {
    const storage = this.#storages.get(name)
    if (!storage) throw failed(`storage '${name}' does not exist`)
    return storage
  }

  /** The status call words it differently. */
  getForStatus(name: string): Storage {
    const storage = this.#storages.get(name)
    if (!storage) throw badParameters({ storage: 'No such storage.' })
    return storage
  }

  findVolume(volid: string): Volume | undefined {
    return this.#storages.get(volid.split(':')[0] ?? '')?.volumes.get(volid)
  }

  volumesOf(vmid: number): Volume[] {
    return this.all().flatMap((storage) => [...storage.volumes.values()].filter((volume) => volume.vmid === vmid))
  }

  /** The volume under another name; undefined when there is none. */
  rename(volid: string, nameOf: (name: string) => string): string | undefined {
    const volume = this.findVolume(volid)
    if (!volume) return undefined
    const renamed = { ...volume, volid: nameOf(volume.volid), path: nameOf(volume.path) }
    const { volumes } = this.get(volume.storage)
    volumes.delete(volid)
    volumes.set(renamed.volid, renamed)
    return renamed.volid
  }

  remove(volid: string): Volume | undefined {
    const volume = this.findVolume(volid)
    if (volume) this.#storages.get(volume.storage)?.volumes.delete(volid)
    return volume
  }
}

export const usedBytesOf = (storage: Storage): number =>
  [...storage.volumes.values()].reduce((sum, volume) => sum + volume.usedBytes, storage.foreignBytes)

export const freeBytesOf = (storage: Storage): number => Math.max(0, storage.totalBytes - usedBytesOf(storage))

/** Files in directories, rather than volumes of a pool. */
export const holdsFiles = (type: StorageType): boolean => type === 'dir' || type === 'nfs'

const defaultPath = (name: string, type: StorageType): string => {
  if (type === 'nfs') return `/mnt/pve/${name}`
  return name === 'local' ? '/var/lib/vz' : `/var/lib/${name}`
}

/** What a new disk of a guest is called: the next free number, a file on a directory store, else a bare name. */
export function newDisk(
  storage: Storage,
  vmid: number,
  wanted: {
    readonly suffix: 'cloudinit' | 'disk'
    readonly format: 'raw' | 'qcow2'
    readonly sizeBytes: number
    readonly usedBytes: number
    readonly image: VolumeImage | undefined
    readonly at: number
    /** A copy that is the same disk to its guest keeps its id. */
    readonly id?: string
    /** The template's disk that this one only adds to. */
    readonly base?: Volume
  },
): Volume {
  const onFiles = holdsFiles(storage.type)
  const format = onFiles ? wanted.format : 'raw'
  const nameOf = (suffix: string): string =>
    onFiles ? `${vmid}/vm-${vmid}-${suffix}.${format}` : `vm-${vmid}-${suffix}`
  const taken = [...storage.volumes.values()].map((volume) => /-disk-(\d+)(\.\w+)?$/.exec(volume.volid))
  const numbers = new Set(
    taken.filter((match) => match?.input.includes(`vm-${vmid}-`)).map((match) => Number(match?.[1])),
  )
  let number = 0
  while (numbers.has(number)) number += 1
  const own = nameOf(wanted.suffix === 'cloudinit' ? 'cloudinit' : `disk-${number}`)
  const name = wanted.base === undefined ? own : `${wanted.base.volid.slice(wanted.base.volid.indexOf(':') + 1)}/${own}`
  const volume: Volume = {
    id: wanted.id ?? randomUUID(),
    volid: `${storage.name}:${name}`,
    storage: storage.name,
    content: 'images',
    format,
    vmid,
    path: storage.path === undefined ? `/dev/${storage.name}/${name}` : `${storage.path}/images/${name}`,
    sizeBytes: wanted.sizeBytes,
    usedBytes: wanted.usedBytes,
    changedAt: wanted.at,
    image: wanted.image,
    ...(wanted.base === undefined ? {} : { base: wanted.base.volid }),
  }
  storage.volumes.set(volume.volid, volume)
  return volume
}
