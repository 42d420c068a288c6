import type { GuestRuntime } from '#lab/guest.ts'
import type { LabTime } from '#lab/time.ts'
import type { Trace } from '#lab/trace.ts'
import type { ImageSource } from '#lab/factory/image-source.ts'

/** What a simulated Proxmox VE host is made of, and what of the lab it is connected to. */
export interface ProxmoxOptions {
  readonly hostName: string
  /** Domain of the host's full name; only certificates and cloud-init see it. */
  readonly domain?: string
  /** The address by which the LAN knows the host; in the certificate and in `GET /cluster/status`. */
  readonly lanAddress: string
  readonly threads: number
  readonly memoryMiB: number
  readonly storages: readonly StorageOptions[]
  readonly bridges: readonly BridgeOptions[]
  /** Guests that were there before us and are none of our business. */
  readonly foreignGuests?: readonly ForeignGuest[]
  readonly rootPassword?: string
  /** Line speed of image downloads; a home connection when not given. */
  readonly downloadMbitPerSecond?: number
  /**
   * `running`: figures are refreshed every 10 s of lab time, the first time before the host answers.
   * `by-hand`: never, until `refreshStatistics()`; as after a boot, everything is `unknown` before.
   */
  readonly statistics?: 'running' | 'by-hand'
  readonly time: LabTime
  readonly trace: Trace
  readonly guests: GuestRuntime
  readonly images: ImageSource
}

export type StorageType = 'dir' | 'zfspool' | 'lvmthin'

export interface StorageOptions {
  readonly name: string
  readonly type: StorageType
  /** `images`, `import`, `iso`, `vztmpl`, `rootdir`, `backup`, `snippets`. */
  readonly content: readonly string[]
  readonly totalBytes: number
  /** What is on it that is not a volume; 0 when not given. */
  readonly usedBytes?: number
}

export interface BridgeOptions {
  readonly name: string
  /** The physical port; without one a VLAN tag makes a guest fail to start. */
  readonly port: string | undefined
  /** With its prefix, as in `192.168.1.5/24`. */
  readonly cidr?: string
}

export interface ForeignGuest {
  readonly vmid: number
  readonly name: string
  readonly kind?: 'qemu' | 'lxc'
  readonly cores: number
  readonly memoryMiB: number
  readonly diskGiB?: number
  readonly running: boolean
  /** SMBIOS UUID; random when not given. */
  readonly uuid?: string
}
