import type { Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import type { Problem } from '#core/model/problem.ts'

/** Upgrading, restarting, emptying and inspecting a machine. */
export interface NodeUpkeep {
  /**
   * Installs another Talos beside the running one, from an installer image as in
   * `factory.talos.dev/nocloud-installer/<schematic>:v1.14.0`. Old and new Talos are asked in their own way; the answer
   * says who restarts the node. Check etcd's quorum first: from 1.13 on the node does not. Repeating it installs again.
   *
   * Problems: image-unavailable, upgrade-failed (later; facts carry the exit code and the last lines),
   * etcd-quorum-at-risk, still-settling (later), upgrade-refused (never), outcome-unknown (look at the version it boots).
   */
  upgrade(image: string, follow?: UpgradeFollower, signal?: AbortSignal): Promise<Result<Upgraded, Problem>>
  /**
   * Fetches an image before it is needed, so that what needs it restarts quickly; one that is there is left alone.
   * Problem: image-unavailable (later).
   */
  pullImage(image: string, store: ImageStore, signal?: AbortSignal): Promise<Result<void, Problem>>
  /** The Talos that ran before runs again after the restart this begins. */
  rollback(signal?: AbortSignal): Promise<Result<void, Problem>>
  /** Answers the id that the node's events carry meanwhile. It has happened when the boot id is another. */
  reboot(mode: RebootMode, signal?: AbortSignal): Promise<Result<ActorId, Problem>>
  restartService(service: string, signal?: AbortSignal): Promise<Result<void, Problem>>

  disks(signal?: AbortSignal): Promise<Result<readonly NodeDisk[], Problem>>
  /** Erases what marks a disk or partition that no volume uses, as in `sdb`. Problem check-failed: it is in use. */
  wipeDisk(device: string, signal?: AbortSignal): Promise<Result<void, Problem>>
  /** Values that the machine keeps apart from its configuration, by number. */
  writeMeta(key: number, value: string, signal?: AbortSignal): Promise<Result<void, Problem>>
  /** Also well when there was none. */
  deleteMeta(key: number, signal?: AbortSignal): Promise<Result<void, Problem>>

  load(signal?: AbortSignal): Promise<Result<NodeLoad, Problem>>
  clock(signal?: AbortSignal): Promise<Result<NodeClock, Problem>>
  /** Undefined when there is no such file. Problem check-failed when it is larger than `MAX_FILE_BYTES`. */
  readFile(path: string, signal?: AbortSignal): Promise<Result<Uint8Array | undefined, Problem>>

  /** An administrator's, as YAML, made by the node: it lives a year, and nothing takes it back. */
  kubeconfig(signal?: AbortSignal): Promise<Result<Secret<string>, Problem>>
  /** A Talos client of these roles, signed by the node; `lifetimeMs` in whole seconds. */
  clientConfiguration(
    asked: { readonly roles: readonly string[]; readonly lifetimeMs: number },
    signal?: AbortSignal,
  ): Promise<Result<NodeClientConfiguration, Problem>>
}

/** `system` holds the kubelet, etcd and installers; `kubernetes` what pods run, static ones too. */
export type ImageStore = 'system' | 'kubernetes'

/** Told each line of the installer, from 1.13 on. */
export interface UpgradeFollower {
  line(text: string): void
}

/** `when-told`: the new version boots at the next `reboot`. `by-itself`: the node drains, installs and restarts alone. */
export interface Upgraded {
  readonly restarts: 'when-told' | 'by-itself'
  /** Undefined when the node started nothing that carries it in its events. */
  readonly actorId: ActorId | undefined
}

/** `default` keeps the firmware out of it where it can; `force` skips stopping what runs. */
export type RebootMode = 'default' | 'powercycle' | 'force'

/** What the events of a sequence are known by. */
export type ActorId = string

export interface NodeDisk {
  /** As in `/dev/sda`. */
  readonly path: string
  readonly sizeBytes: number
  readonly model: string
  readonly serial: string
  readonly wwid: string
  readonly system: boolean
  readonly readonly: boolean
}

export interface NodeLoad {
  /** Epoch ms. */
  readonly bootedAt: number
  readonly memoryBytes: number
  readonly availableBytes: number
  /** Over 1, 5 and 15 minutes. */
  readonly averages: readonly [number, number, number]
}

export interface NodeClock {
  readonly server: string
  /** Epoch ms; how far the node is from its time server is their difference. */
  readonly nodeAt: number
  readonly serverAt: number
}

/** PEM, and a talosconfig with the same inside. */
export interface NodeClientConfiguration {
  readonly ca: string
  readonly cert: string
  readonly key: Secret<string>
  readonly talosconfig: Secret<string>
}
