import type { GuestRuntime } from '#lab/guest.ts'
import type { LabTime } from '#lab/time.ts'
import type { Trace } from '#lab/trace.ts'
import type { ImageSource } from '#lab/factory/image-source.ts'
import type { Release } from './profile.ts'

/** What a simulated Proxmox VE host is made of. */
export interface HostOptions {
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
  /** Line speed of image downloads; a home connection when not given. */
  readonly downloadMbitPerSecond?: number
  /** How fast an image becomes a disk, when nothing else is imported; that of a local SSD when not given. */
  readonly importMibPerSecond?: number
  readonly pciDevices?: readonly PciDeviceOptions[]
}

/** What the hosts of a cluster share, and what of the lab they are connected to. */
export interface SharedOptions {
  /** 9.2 when not given. */
  readonly release?: Release
  readonly rootPassword?: string
  /** Devices that guests may be given by name, and where they are: `node=pve1,path=0000:01:00.0,id=1000:0097`. */
  readonly pciMappings?: readonly {
    readonly id: string
    readonly description?: string
    readonly map: readonly string[]
  }[]
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

/** A host that stands alone. */
export interface ProxmoxOptions extends HostOptions, SharedOptions {}

/** Several hosts that are one cluster. */
export interface ProxmoxClusterOptions extends SharedOptions {
  readonly name: string
  readonly hosts: readonly HostOptions[]
}

export interface PciDeviceOptions {
  /** As in `0000:01:00.0`. */
  readonly id: string
  /** As in `0x0107` for a storage adapter. */
  readonly class: string
  readonly vendor: string
  readonly vendorName: string
  readonly device: string
  readonly deviceName: string
  readonly iommuGroup: number
}

export type StorageType = 'dir' | 'nfs' | 'zfspool' | 'lvmthin'

export interface StorageOptions {
  readonly name: string
  readonly type: StorageType
  /** `images`, `import`, `iso`, `vztmpl`, `rootdir`, `backup`, `snippets`. */
  readonly content: readonly string[]
  readonly totalBytes: number
  /** What is on it that is not a volume; 0 when not given. */
  readonly usedBytes?: number
  /** One store that every host of the cluster sees under this name. */
  readonly shared?: boolean
}

export interface BridgeOptions {
  readonly name: string
  /** The physical port; without one a VLAN tag makes a guest fail to start. */
  readonly port: string | undefined
  /** Carries every VLAN tag to its port. */
  readonly vlanAware?: boolean
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
