import { randomUUID } from 'node:crypto'
import { badParameters, failed } from './failure.ts'
import type { StorageOptions, StorageType } from './options.ts'

/** Everything that holds bytes. A volume's `id` is never used twice, its `volid` may be. */
export interface Volume {
  readonly id: string
  readonly volid: string
  readonly storage: string
  readonly content: 'images' | 'import' | 'iso'
  readonly format: 'raw' | 'qcow2' | 'iso'
  readonly vmid: number | undefined
  /** Where it lies on the host; shown in task logs. */
  readonly path: string
  /** What a guest sees. */
  sizeBytes: number
  /** What it takes on the store. */
  usedBytes: number
  /** Epoch seconds. */
  changedAt: number
  readonly image: VolumeImage | undefined
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
  readonly foreignBytes: number
  readonly path: string | undefined
  readonly volumes: Map<string, Volume>
}

/** What a store has that somebody adds by the API; large enough not to be what a test is about. */
const ADDED_STORAGE_BYTES = 256 * 1024 ** 3

export class Storages {
  readonly #storages = new Map<string, Storage>()

  constructor(options: readonly StorageOptions[]) {
    for (const each of options) this.add(each)
  }

  add(options: Omit<StorageOptions, 'totalBytes'> & { readonly totalBytes?: number; readonly path?: string }): void {
    this.#storages.set(options.name, {
      name: options.name,
      type: options.type,
      content: options.content,
      totalBytes: options.totalBytes ?? ADDED_STORAGE_BYTES,
      foreignBytes: options.usedBytes ?? 0,
      path: options.type === 'dir' ? (options.path ?? defaultPath(options.name)) : undefined,
      volumes: new Map(),
    })
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

  remove(volid: string): Volume | undefined {
    const volume = this.findVolume(volid)
    if (volume) this.#storages.get(volume.storage)?.volumes.delete(volid)
    return volume
  }
}

export const usedBytesOf = (storage: Storage): number =>
  [...storage.volumes.values()].reduce((sum, volume) => sum + volume.usedBytes, storage.foreignBytes)

export const freeBytesOf = (storage: Storage): number => Math.max(0, storage.totalBytes - usedBytesOf(storage))

const defaultPath = (name: string): string => (name === 'local' ? '/var/lib/vz' : `/var/lib/${name}`)

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
  },
): Volume {
  const onFiles = storage.type === 'dir'
  const format = onFiles ? wanted.format : 'raw'
  const nameOf = (suffix: string): string =>
    onFiles ? `${vmid}/vm-${vmid}-${suffix}.${format}` : `vm-${vmid}-${suffix}`
  const taken = [...storage.volumes.values()].map((volume) => /-disk-(\d+)(\.\w+)?$/.exec(volume.volid))
  const numbers = new Set(
    taken.filter((match) => match?.input.includes(`vm-${vmid}-`)).map((match) => Number(match?.[1])),
  )
  let number = 0
  while (numbers.has(number)) number += 1
  const name = nameOf(wanted.suffix === 'cloudinit' ? 'cloudinit' : `disk-${number}`)
  const volume: Volume = {
    id: randomUUID(),
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
  }
  storage.volumes.set(volume.volid, volume)
  return volume
}
