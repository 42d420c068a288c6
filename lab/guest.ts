/**
 * The seam between the lab's hypervisor and what runs inside its guests. The hypervisor knows hardware; whatever runs
 * in a guest knows only the hardware it was powered on with and the disk it finds.
 */
export interface GuestHardware {
  readonly vmid: number
  /** SMBIOS UUID, lower case. */
  readonly uuid: string
  readonly name: string
  readonly cores: number
  readonly memoryMiB: number
  readonly nics: readonly { readonly mac: string; readonly bridge: string; readonly vlan: number | undefined }[]
  /** The boot disk; undefined when nothing bootable is attached. */
  readonly disk: GuestDisk | undefined
  /** What the cloud-init drive says, when one is attached; else what a medium labelled `cidata` says. */
  readonly cloudInit: GuestCloudInit | undefined
  /** The system on the first CD of the boot order that holds one. It starts when nothing is on the disk. */
  readonly installer?: GuestImage
}

export interface GuestImage {
  readonly talosVersion: string
  readonly schematicId: string
}

export interface GuestDisk {
  /** Unique for the life of the lab: a volume that is erased and made again gets a new id. */
  readonly id: string
  readonly sizeGiB: number
  /** What was imported onto it; undefined for an empty disk. */
  readonly image: GuestImage | undefined
}

export interface GuestCloudInit {
  readonly hostname: string
  /** By MAC, lower case; `address` with its prefix, as in `192.168.1.51/24`. */
  readonly nics: readonly {
    readonly mac: string
    readonly address: string | undefined
    readonly gateway: string | undefined
  }[]
  readonly nameservers: readonly string[]
}

/** What runs in the guests of a lab; calls return at once, booting takes the lab's time. */
export interface GuestRuntime {
  powerOn(hardware: GuestHardware): void
  /** Pulls the plug (`stop`) or presses the button (`shutdown`); resolves when the guest is off. */
  powerOff(uuid: string, how: 'stop' | 'shutdown'): Promise<void>
  /** The disk's content is gone for good. */
  eraseDisk(diskId: string): void
  /** What the agent in a guest says of it; undefined while none runs there. */
  agent?(uuid: string): GuestAgentReport | undefined
}

export interface GuestAgentReport {
  readonly hostName: string
  readonly os: { readonly id: string; readonly name: string; readonly version: string; readonly kernel: string }
  /** With their prefixes, as in `192.168.1.51/24`; the loopback is among them. */
  readonly interfaces: readonly { readonly name: string; readonly mac: string; readonly addresses: readonly string[] }[]
}
