import type { Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import type { Problem } from '#core/model/problem.ts'
import type { NodeEtcdCare } from './node-etcd.ts'
import type { NodeResources } from './node-resources.ts'
import type { NodeStreams } from './node-streams.ts'
import type { NodeUpkeep } from './node-upkeep.ts'

/**
 * One Talos machine as the agent talks to it: dialled directly at its own address, either with the cluster's client
 * certificate or, before it has a configuration, in maintenance mode without one.
 *
 * Every call ends within its own time limit. Problems any call may bring: node-unreachable (later), node-unauthorized
 * (never), cancelled (the caller's signal), check-failed (later; the node answered that it cannot tell yet). Calls with
 * an effect bring outcome-unknown (look-again) when the request left and no answer came: look before you repeat.
 * Old and new Talos, 1.12 to 1.14, answer alike here.
 *
 * This is how a machine joins and leaves; what it needs in between is in the ports it extends.
 */
export interface TalosNode extends NodeResources, NodeStreams, NodeUpkeep, NodeEtcdCare {
  readonly address: string

  /** Who answers: compare it before anything secret is sent. In maintenance the answer is only as good as the LAN. */
  readIdentity(signal?: AbortSignal): Promise<Result<NodeIdentity, Problem>>
  version(signal?: AbortSignal): Promise<Result<NodeVersion, Problem>>
  machineStatus(signal?: AbortSignal): Promise<Result<MachineStatus, Problem>>
  /**
   * The status now and after each change. The last item may be a problem; an abort ends it without one. Ends by itself
   * after `limits.followMs`, so that a silently dead node is noticed: watch again.
   */
  watchMachineStatus(signal: AbortSignal): AsyncIterable<Result<MachineStatus, Problem>>
  /**
   * Changes with every boot of the kernel. A Talos before 1.14 says it in a file alone, and that only to an administrator:
   * node-unauthorized for others.
   */
  bootId(signal?: AbortSignal): Promise<Result<string, Problem>>
  serviceList(signal?: AbortSignal): Promise<Result<readonly NodeService[], Problem>>
  /** What the node itself thinks is wrong with it. */
  diagnostics(signal?: AbortSignal): Promise<Result<readonly NodeDiagnostic[], Problem>>
  /** The configuration in force, as YAML with keys. */
  activeConfig(signal?: AbortSignal): Promise<Result<Secret<string>, Problem>>

  /**
   * Gives the node its configuration. Repeating the same one is harmless. Problems: config-refused (never; facts say
   * why), still-settling (later; another change is in progress), node-foreign (never; another machine than the one
   * expected answers, and nothing was sent to it).
   */
  applyConfiguration(yaml: Secret<string>, mode: ApplyMode, signal?: AbortSignal): Promise<Result<Applied, Problem>>
  /** What applying it would do, with the difference in its details; those quote the configuration, keys and all. */
  previewConfiguration(
    yaml: Secret<string>,
    mode: ApplyMode,
    signal?: AbortSignal,
  ): Promise<Result<Secret<Applied>, Problem>>
  /**
   * Starts etcd for the first time. `already-bootstrapped` means the node has etcd data: success if its member list
   * answers. Problems: bootstrap-not-ready (later), config-refused (never; not a control plane).
   * **Irreversible**: only ever on one node of a cluster, under its stored lock.
   */
  bootstrap(signal?: AbortSignal): Promise<Result<'started' | 'already-bootstrapped', Problem>>

  etcdMembers(signal?: AbortSignal): Promise<Result<readonly EtcdMember[], Problem>>
  etcdStatus(signal?: AbortSignal): Promise<Result<EtcdStatus, Problem>>
  /**
   * Hands etcd leadership to another member; `movedTo` is undefined when this node did not lead. Problem:
   * etcd-quorum-at-risk (later; there is no other member).
   */
  forfeitLeadership(signal?: AbortSignal): Promise<Result<{ readonly movedTo: string | undefined }, Problem>>
  /** Takes the node out of etcd, stops etcd and wipes its data. The node tries for up to five minutes. */
  leaveEtcd(signal?: AbortSignal): Promise<Result<void, Problem>>
  /** Drops another, dead member. Also well when there is no such member. Problem: etcd-quorum-at-risk (later). */
  removeMember(memberId: EtcdMemberId, signal?: AbortSignal): Promise<Result<void, Problem>>

  /** Wipes what `ResetOptions` says; with `reboot` a node that keeps its system comes back in maintenance. */
  reset(options: ResetOptions, signal?: AbortSignal): Promise<Result<void, Problem>>
  /** Powers the node off; `force` skips cordon and drain. */
  shutdown(options: { force: boolean }, signal?: AbortSignal): Promise<Result<void, Problem>>

  /** Ends the connection and every call on it. A later call dials again. */
  close(): void
}

/**
 * `auto` lets a node before 1.14 reboot when the change needs it; `no-reboot` is refused there instead; `staged` waits for
 * the next boot; `try` takes itself back after a minute unless applied again in another way.
 */
export type ApplyMode = 'auto' | 'no-reboot' | 'staged' | 'try'

export interface ResetOptions {
  /** Cordon, drain and leave etcd first. A node that never joined can wait in vain for that. */
  readonly graceful: boolean
  /** Start again afterwards; else power off. */
  readonly reboot: boolean
  /**
   * `data` by default: configuration and data, and the installed system stays. `ephemeral`: data alone, etcd's with it, so
   * that the node comes back as what it was. `system-disk`: everything on its disk.
   */
  readonly wipe?: ResetWipe | undefined
  /** Other disks to wipe as well, as in `/dev/sdb`. */
  readonly userDisks?: readonly string[] | undefined
}

export type ResetWipe = 'data' | 'ephemeral' | 'system-disk'

/** SMBIOS UUID, lower case. */
export interface NodeIdentity {
  readonly uuid: string
}

export interface NodeVersion {
  /** As in `v1.13.9`. */
  readonly tag: string
  /** As in `nocloud`. */
  readonly platform: string
}

export interface MachineStatus {
  /** booting, installing, maintenance, running, rebooting, shutting down, resetting, upgrading or unknown. */
  readonly stage: string
  readonly ready: boolean
  readonly unmetConditions: readonly { readonly name: string; readonly reason: string }[]
}

export interface NodeService {
  readonly id: string
  /** As in `Preparing`, `Running`, `Finished`. */
  readonly state: string
  /** Running, and its health check passed last time; never true for a service that has no health check. */
  readonly healthy: boolean
  readonly lastMessage: string
}

export interface NodeDiagnostic {
  readonly id: string
  readonly message: string
}

/** What the node says it will do, and its validation warnings. */
export interface Applied {
  readonly warnings: readonly string[]
  readonly details: string
}

/** 64 bits, as 16 lower-case hex digits, the way etcd prints it. */
export type EtcdMemberId = string

export interface EtcdMember {
  readonly id: EtcdMemberId
  readonly hostname: string
  /** Addresses of the peer URLs. */
  readonly addresses: readonly string[]
  readonly learner: boolean
}

export interface EtcdStatus {
  readonly memberId: EtcdMemberId
  /** All zeros while there is no leader. */
  readonly leaderId: EtcdMemberId
  readonly learner: boolean
  readonly dbSizeBytes: number
  readonly raftIndex: string
  readonly errors: readonly string[]
}
