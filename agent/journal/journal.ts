import type { Result } from '#core/base/result.ts'
import type { OperationInput, OperationKind, OperationResult } from '#core/model/operation.ts'
import type { Problem } from '#core/model/problem.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { MadeMachine } from '../providers/provider.ts'
import type { StepJournal } from '../operations/handler.ts'

/**
 * What the agent must not forget, however it ends. Every change is on the disk before its call returns. The journal
 * has one writer, this process, and knows nothing of sockets or handlers.
 */
export interface Journal {
  /** Random, made with the file; tells a rolled-back or copied journal from this one. */
  readonly instanceId: string
  /** How often the journal was opened. */
  readonly incarnation: number
  lastEpoch(): number
  /** The lease: written before `ready` is said. Never goes back. */
  confirmEpoch(epoch: number): void

  readonly operations: OperationTable
  readonly machines: ConfiguredMachines
  readonly made: MadeMachines
  readonly secrets: SealedSecrets
  readonly watches: Watches
  readonly issued: IssuedCredentials
  close(): void
}

/** An operation whose kind and input belong together. */
export type JournalledOperation = { [K in OperationKind]: JournalledOperationOf<K> }[OperationKind]

export interface JournalledOperationOf<K extends OperationKind> {
  readonly operationId: string
  readonly kind: K
  readonly clusterUid: string
  readonly clusterFence: number
  readonly attempt: number
  readonly input: OperationInput<K>
  /** How long the work may take once it has begun. */
  readonly deadlineMs: number
  readonly acceptedAt: number
  readonly startedAt?: number | undefined
  /** Present once it has finished. */
  readonly result?: OperationResult | undefined
  readonly acked: boolean
  /** The step begun last. */
  readonly step?: string | undefined
}

export interface AcceptedOffer {
  readonly operationId: string
  readonly kind: OperationKind
  readonly clusterUid: string
  readonly clusterFence: number
  readonly sessionEpoch: number
  readonly attempt: number
  readonly deadlineMs: number
  readonly input: OperationInput
}

export interface OperationTable {
  /** The operation with its fence, in one commit. Problem: journal-full. Only for operations not yet known. */
  accept(offer: AcceptedOffer): Result<JournalledOperation, Problem>
  find(operationId: string): JournalledOperation | undefined
  /** Accepted and without a result, oldest first. */
  running(): readonly JournalledOperation[]
  /** Everything whose outcome the cloud has not confirmed, oldest first. */
  unacknowledged(): readonly JournalledOperation[]
  /** A later attempt of an operation that is already known: reports carry it from now on; the work is not restarted. */
  adoptAttempt(operationId: string, attempt: number): void
  /** When the work first began; a restart does not move it, so a deadline is not extended by crashing. */
  markStarted(operationId: string): number
  /** Result, state, and what the result teaches about the machine, in one commit. The first result stays. */
  finish(operationId: string, result: OperationResult): void
  /** The cloud has the outcome. Ignored when it speaks of an attempt that is not the one reported. */
  acknowledge(operationId: string, attempt: number): void
  /** The cloud does not want the outcome. */
  forget(operationIds: readonly string[]): void
  /** The highest fence seen of a cluster. */
  fenceOf(clusterUid: string): number
  steps(operationId: string): StepJournal
}

/** What the nodes confirmed when they were configured. */
export interface ConfiguredMachines {
  find(machineId: string): { readonly intentHash: string; readonly configToken: string } | undefined
}

/** As what machines were made, or last changed: what they are held against from then on. */
export interface MadeMachines {
  find(machineId: string): MadeMachine | undefined
}

/** Ciphertext of secrets bundles. Insert-only by (cluster, version): the first one stays. */
export interface SealedSecrets {
  all(): readonly { readonly clusterUid: string; readonly version: number }[]
  get(clusterUid: string, version: number): string | undefined
  /** What is stored afterwards: `ciphertext`, or the one that was there before. */
  put(clusterUid: string, version: number, ciphertext: string): string
}

export interface Watches {
  all(): readonly WatchPut[]
  /** An empty list of machines ends the watch. */
  put(watch: WatchPut): void
}

/** Who was given a credential on this machine; the row is there before the credential is. */
export interface IssuedCredentials {
  record(what: 'kubeconfig' | 'talosconfig', clusterUid: string, subject: string, expiresAt: number): void
}
