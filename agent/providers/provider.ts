import type { Result } from '#core/base/result.ts'
import type { Hardware } from '#core/model/hardware.ts'
import type { Problem } from '#core/model/problem.ts'
import type { SiteSeen } from '#core/model/seen.ts'

/**
 * What the agent asks of whatever runs virtual machines. Methods are small and make at most one effect each, so that a
 * handler can write its intent down before and the outcome after. What is started goes on by itself: its handle is
 * polled, and it survives the agent.
 *
 * Every method may answer `provider-unreachable`, `provider-unauthorized`, `permission-missing`; those that change
 * something may also answer `outcome-unknown`, and then the only next step is to look.
 */
export interface Provider {
  /** Hosts, storages, bridges and guests as they are. Templates are left out. */
  observe(): Promise<Result<SiteInventory, Problem>>

  /** The image on its storage, if it is there. Its size tells whether it is whole. */
  findImage(image: ImageRef): Promise<Result<ImageFound | undefined, Problem>>
  /** The host fetches the image itself. A second download of the same name is harmless. Problem `unsupported-version`. */
  startDownload(image: ImageRef, url: string): Promise<Result<TaskHandle, Problem>>
  /** A download of this image that we started and that still runs, whichever operation began it. */
  findRunningDownload(image: ImageRef): Promise<Result<TaskHandle | undefined, Problem>>
  /** How far a download is, 0…100, when the host says so. */
  downloadPercent(handle: TaskHandle): Promise<number | undefined>
  /** Brings a small file to an ISO storage, over one of the same name. Repeating is safe. */
  startUpload(image: ImageRef, file: Uint8Array): Promise<Result<TaskHandle, Problem>>
  /** Images by the names we give, that nothing in the cluster uses; what cannot be told counts as used. */
  listUnusedImages(host: string, storage: string): Promise<Result<readonly UnusedImage[], Problem>>
  deleteImage(host: string, image: ImageFound): Promise<Result<void, Problem>>

  /**
   * Looks for the machine by its identity, wherever it is now. `absent` is proof, not a stale cache. Problem `not-ours`
   * when several guests carry the identity.
   */
  look(ref: MachineRef): Promise<Result<MachineSight, Problem>>
  /** A creation of this VMID that we started and that still runs: the handle of a call whose answer was lost. */
  findRunningCreation(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>
  /**
   * Begins to make the machine, powered off. Problem `vmid-taken` may also mean that an earlier call of ours got through;
   * `unsupported-version`: the host is too old for it.
   */
  startCreation(machine: NewMachine): Promise<Result<TaskHandle, Problem>>
  /** Replaces the tags. Repeating is safe. */
  setTags(found: MachineFound, tags: readonly string[]): Promise<Result<void, Problem>>
  /** Whether the machine and its disks may be deleted at all. Repeating is safe. */
  setProtection(found: MachineFound, on: boolean): Promise<Result<void, Problem>>
  /** Grows the system disk to this size; absolute, so repeating is safe. */
  startResize(found: MachineFound, diskGiB: number): Promise<Result<TaskHandle | undefined, Problem>>
  /**
   * Takes CDs of ours out of the drives of the machine, wherever it is, so that nothing ties it to its host. Repeating is
   * safe; with nothing in the drives it changes nothing.
   */
  ejectMedia(machineId: string): Promise<Result<void, Problem>>
  /** The availability manager lets go of the machine and leaves it as it is. Problem `permission-missing`: a rare right. */
  releaseFromHa(found: MachineFound): Promise<Result<void, Problem>>
  /** The IPv4 address of the machine's first NIC, as its guest agent tells it; undefined while it does not. */
  findAddress(found: MachineFound): Promise<Result<string | undefined, Problem>>

  /** In what the machine differs from what it was made as. Problem `not-found` when it is not there. */
  findDrift(machine: NewMachine): Promise<Result<readonly Drift[], Problem>>

  /**
   * Each proves first that the guest is the machine meant and answers `not-ours` otherwise (P7). `undefined`: there is
   * nothing to do, because it is already so.
   */
  startPowerOn(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>
  startPowerOff(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>
  startDestruction(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>

  /** What a destroyed machine left on the storages of its host. Ask only when its VMID is proven free. */
  listLeftovers(ref: MachineRef): Promise<Result<Leftovers, Problem>>
  deleteLeftover(ref: MachineRef, volumeId: string): Promise<Result<void, Problem>>

  /** One look at something that was started. An end that means "was already so" counts as done. */
  pollTask(handle: TaskHandle): Promise<Result<TaskState, Problem>>

  close(): Promise<void>
}

/** Kept across restarts of the agent; for Proxmox a UPID. */
export type TaskHandle = string

export type TaskState =
  | { readonly state: 'running' }
  | { readonly state: 'done' }
  | { readonly state: 'failed'; readonly problem: Problem }

export type SiteInventory = Pick<SiteSeen, 'hosts' | 'storages' | 'bridges' | 'guests'>

export interface ImageRef {
  readonly host: string
  readonly storage: string
  /** One that is imported into a disk, or a CD. */
  readonly content: 'import' | 'iso'
  readonly fileName: string
}

export interface ImageFound {
  readonly volumeId: string
  readonly sizeBytes: number
}

export interface UnusedImage extends ImageFound {
  readonly fileName: string
  /** Epoch ms. */
  readonly createdAt: number
}

/** `hot`: can be corrected while the machine runs · `pending`: takes a power cycle · `immutable`: takes a new machine. */
export type DriftClass = 'hot' | 'pending' | 'immutable'

export interface Drift {
  /** As in `memory-mib` or `nic 0 bridge`. */
  readonly attribute: string
  readonly driftClass: DriftClass
  readonly wanted: string | undefined
  readonly is: string | undefined
  /** It is right already, and only waits for the next power cycle. */
  readonly waits: boolean
}

export interface Leftovers {
  /** Volumes that carry the VMID of the machine, and CDs that carry its identity. */
  readonly volumeIds: readonly string[]
  /** Storages that did not tell what lies on them. */
  readonly silent: readonly string[]
}

/** Who a machine is and where it was put. The identity decides; the place is only where the search begins. */
export interface MachineRef {
  readonly machineId: string
  readonly host: string
  readonly vmid: number
  /** When known, it must be among the guest's MACs too. */
  readonly mac?: string | undefined
}

export interface MachineFound {
  readonly machineId: string
  readonly host: string
  readonly vmid: number
  readonly name: string
  readonly running: boolean
  readonly cpu: number
  readonly memoryMiB: number
  /** The system disk; undefined while its size cannot be told. */
  readonly diskGiB: number | undefined
  readonly macs: readonly string[]
  readonly tags: readonly string[]
  readonly protected: boolean
  /** The availability manager decides about its power; what we ask for is queued with it. */
  readonly haManaged: boolean
  /** What the guest is in the middle of, as in `backup` or `migrate`; left behind by a host that died, it stays for ever. */
  readonly lock: { readonly name: string; readonly remedy: string } | undefined
  /** Its disks, detached ones too. */
  readonly volumes: readonly string[]
  /** CDs in its drives. */
  readonly media: readonly string[]
  /** Changes with each change of the guest's configuration. */
  readonly digest: string | undefined
}

export type MachineSight =
  /** Nothing holds the VMID, and no guest that can be read has the identity. */
  | { readonly state: 'absent' }
  /** The VMID is held by something without an identity yet, or that we may not read: being made, or foreign. `remedy`: what a person can do when it stays so. */
  | { readonly state: 'unclear'; readonly remedy: string }
  /** Another guest holds the VMID, and no guest that can be read has the identity. */
  | { readonly state: 'foreign'; readonly guest: ForeignGuest }
  | { readonly state: 'present'; readonly machine: MachineFound }

export interface ForeignGuest {
  readonly host: string
  readonly name: string
  readonly uuid: string | undefined
  readonly macs: readonly string[]
}

export interface NewMachine extends MachineRef {
  readonly name: string
  readonly clusterName: string
  readonly clusterUid: string
  readonly guestAgent: boolean
  readonly hardware: Hardware
  readonly boot: MachineBoot
  readonly addressing: MachineAddressing
  readonly nameservers: readonly string[]
}

/** The volume of the image that becomes the system disk, or of the ISO that installs to it; or the disks are just empty. */
export type MachineBoot = { readonly by: 'image' | 'iso'; readonly volumeId: string } | { readonly by: 'nothing' }

/** How the machine learns its addresses: from a drive that the provider writes, static or DHCP, or from a CD of ours. */
export type MachineAddressing = { readonly by: 'drive' } | { readonly by: 'cidata'; readonly volumeId: string }
