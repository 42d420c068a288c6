/**
 * What a guest's boot disk holds. It outlives power cycles and goes only when the hypervisor erases the volume
 * or the node wipes itself.
 */
export interface TalosDisk extends InstalledSystem {
  readonly id: string
  /** The other of the two boot slots: what ran before the last upgrade. */
  fallback: InstalledSystem | undefined
  /** Installed beside the one that runs; the next boot is from it. */
  next: InstalledSystem | undefined
  /** The configuration on STATE, as text. */
  config: string | undefined
  /** Written by mode STAGED; becomes `config` at the next boot. */
  staged: string | undefined
  /** The member this node's etcd data belongs to, on EPHEMERAL. */
  etcdMember: { readonly clusterId: string; readonly memberId: bigint } | undefined
  /** What EtcdRecover uploaded, until Bootstrap uses it. */
  etcdRecovery: Uint8Array | undefined
  /** Images in containerd, on EPHEMERAL: `namespace/reference` → when it was pulled. */
  readonly images: Map<string, number>
  readonly meta: Map<number, Uint8Array>
  /** False while the node runs from a CD and the disk is empty. */
  installed: boolean
  /** After a whole-disk reset nothing boots from it any more. */
  bootable: boolean
}

/** One installation of Talos, as a boot slot holds it. */
export interface InstalledSystem {
  talosVersion: string
  schematicId: string
}

/** Disks by id, for the life of the lab. */
export class Disks {
  readonly #disks = new Map<string, TalosDisk>()

  /** The disk as it was left, or fresh from its image. */
  open(id: string, image: InstalledSystem, installed = true): TalosDisk {
    const known = this.#disks.get(id)
    if (known) return known
    const fresh: TalosDisk = {
      id,
      talosVersion: image.talosVersion,
      schematicId: image.schematicId,
      fallback: undefined,
      next: undefined,
      config: undefined,
      staged: undefined,
      etcdMember: undefined,
      etcdRecovery: undefined,
      images: new Map(),
      meta: new Map(),
      installed,
      bootable: true,
    }
    this.#disks.set(id, fresh)
    return fresh
  }

  some(condition: (disk: TalosDisk) => boolean): boolean {
    return [...this.#disks.values()].some(condition)
  }

  erase(id: string): void {
    this.#disks.delete(id)
  }
}

/** A boot begins: what was installed runs from here on, and what ran stays as the way back. */
export function bootNext(disk: TalosDisk): void {
  const { next } = disk
  if (!next) return
  disk.fallback = { talosVersion: disk.talosVersion, schematicId: disk.schematicId }
  disk.next = undefined
  disk.talosVersion = next.talosVersion
  disk.schematicId = next.schematicId
}

/** Tells the next boot to run the other system again. False when there is none. */
export function swapSlots(disk: TalosDisk): boolean {
  // What was installed and never ran is given up for what runs.
  if (!disk.next && !disk.fallback) return false
  disk.next = disk.next ? undefined : disk.fallback
  return true
}
