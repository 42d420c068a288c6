/**
 * What a guest's boot disk holds. It outlives power cycles and goes only when the hypervisor erases the volume
 * or the node wipes itself.
 */
export interface TalosDisk {
  readonly id: string
  readonly talosVersion: string
  /** The configuration on STATE, as text. */
  config: string | undefined
  /** Written by mode STAGED; becomes `config` at the next boot. */
  staged: string | undefined
  /** The member this node's etcd data belongs to, on EPHEMERAL. */
  etcdMember: { readonly clusterId: string; readonly memberId: bigint } | undefined
  /** After a whole-disk reset nothing boots from it any more. */
  bootable: boolean
}

/** Disks by id, for the life of the lab. */
export class Disks {
  readonly #disks = new Map<string, TalosDisk>()

  /** The disk as it was left, or fresh from its image. */
  open(id: string, talosVersion: string): TalosDisk {
    const known = this.#disks.get(id)
    if (known) return known
    const fresh: TalosDisk = {
      id,
      talosVersion,
      config: undefined,
      staged: undefined,
      etcdMember: undefined,
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
