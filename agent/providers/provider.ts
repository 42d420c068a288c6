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
  /** The host fetches the image itself. A second download of the same name is harmless. */
  startDownload(image: ImageRef, url: string): Promise<Result<TaskHandle, Problem>>
  /** A download of this image that we started and that still runs, whichever operation began it. */
  findRunningDownload(image: ImageRef): Promise<Result<TaskHandle | undefined, Problem>>
  /** How far a download is, 0…100, when the host says so. */
  downloadPercent(handle: TaskHandle): Promise<number | undefined>

  /** Looks for the machine by its identity, wherever it is now. `absent` is proof, not a stale cache. */
  look(ref: MachineRef): Promise<Result<MachineSight, Problem>>
  /** A creation of this VMID that we started and that still runs: the handle of a call whose answer was lost. */
  findRunningCreation(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>
  /** Begins to make the machine, powered off. Problem `vmid-taken` may also mean that an earlier call of ours got through. */
  startCreation(machine: NewMachine): Promise<Result<TaskHandle, Problem>>
  /** Replaces the tags. Repeating is safe. */
  setTags(found: MachineFound, tags: readonly string[]): Promise<Result<void, Problem>>
  /** Grows the system disk to this size; absolute, so repeating is safe. */
  startResize(found: MachineFound, diskGiB: number): Promise<Result<TaskHandle | undefined, Problem>>

  /**
   * Each proves first that the guest is the machine meant and answers `not-ours` otherwise (P7). `undefined`: there is
   * nothing to do, because it is already so.
   */
  startPowerOn(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>
  startPowerOff(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>
  startDestruction(ref: MachineRef): Promise<Result<TaskHandle | undefined, Problem>>

  /** Volumes that a destroyed machine left behind. Ask only when its VMID is proven free. */
  listLeftovers(ref: MachineRef, storage: string): Promise<Result<readonly string[], Problem>>
  deleteLeftover(ref: MachineRef, storage: string, volumeId: string): Promise<Result<void, Problem>>

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
  readonly fileName: string
}

export interface ImageFound {
  readonly volumeId: string
  readonly sizeBytes: number
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
  /** Changes with each change of the guest's configuration. */
  readonly digest: string | undefined
}

export type MachineSight =
  /** Nothing holds the VMID, and no guest that can be read has the identity. */
  | { readonly state: 'absent' }
  /** The VMID is held by something without an identity yet, or that we may not read: being made, or foreign. */
  | { readonly state: 'unclear' }
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
  /** Volume id of the image that becomes the system disk. */
  readonly image: string
  readonly nameservers: readonly string[]
}
