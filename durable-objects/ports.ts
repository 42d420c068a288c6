import type { Facts, Problem } from '#core/model/problem.ts'
import type { Operation, OperationKind, OperationResult } from '#core/model/operation.ts'
import type { Placement, PlacementRequest } from '#core/model/placement.ts'
import type { SiteSeen } from '#core/model/seen.ts'
import type { Finding } from '#core/model/status.ts'
import type { ResizeDecision, SizeRequest } from '#core/placement/resize.ts'
import type { PreviewMemory } from '#core/plan/preview-cluster.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'

/**
 * What the rooms say to each other's objects: plain data, repeatable, free to lose. This file is all that the API
 * Worker knows of the objects. Objects are named by uid: `idFromName(cluster uid)`, `idFromName(site uid)`.
 */
export interface ClusterPort {
  /** Something this cluster depends on may have changed, or is about to within `inMs`. Free to call any number of times. */
  wake(clusterUid: string, inMs: number): Promise<void>
  /** A site has news of operations. Repeats and stragglers change nothing. True once the news is durable; false: tell it again later. */
  report(news: readonly OperationNews[]): Promise<boolean>
  /** Newest first. */
  operations(query: {
    readonly limit: number
    readonly before?: number | undefined
  }): Promise<readonly OperationAnswer[]>
  operation(operationId: string): Promise<OperationAnswer | undefined>
  /** Ends `attempts-exhausted` and `needs-human`: gives the key a new budget (retry) or closes it for good (abandon). */
  decide(
    operationId: string,
    decision: 'retry' | 'abandon',
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly problem: Problem }>
  /** What a dry run needs of an existing cluster. */
  remembered(): Promise<ClusterMemory>
}

/** An operation as people see it; `retryable` when it waits for one of them (core/plan/decidable.ts). */
export type OperationAnswer = Operation & { readonly retryable: boolean }

export type ClusterMemory = PreviewMemory

export type OperationNews =
  | { readonly type: 'offered'; readonly operationId: string; readonly attempt: number; readonly at: number }
  | { readonly type: 'accepted'; readonly operationId: string; readonly attempt: number; readonly at: number }
  /** An unaccepted offer came back: the operation is queued again, no attempt used. */
  | { readonly type: 'returned'; readonly operationId: string; readonly attempt: number; readonly at: number }
  | {
      readonly type: 'progress'
      readonly operationId: string
      readonly attempt: number
      readonly at: number
      readonly step: string
    }
  | { readonly type: 'unreported'; readonly operationId: string; readonly attempt: number; readonly at: number }
  | {
      readonly type: 'finished'
      readonly operationId: string
      readonly attempt: number
      readonly at: number
      readonly result: OperationResult
    }

/** An operation on its way to the agent. */
export interface OperationMail {
  readonly operationId: string
  readonly kind: OperationKind
  readonly clusterUid: string
  readonly clusterFence: number
  readonly attempt: number
  readonly deadlineMs: number
  readonly input: Operation['input']
}

export interface SitePort {
  /** Documents of the site changed, or are about to within `inMs`. It reads them again and wakes its clusters. */
  wake(siteUid: string, inMs: number): Promise<void>
  /** Idempotent by machine id, all or nothing per call. */
  reserve(siteUid: string, clusterUid: string, requests: readonly PlacementRequest[]): Promise<ReserveAnswer>
  /** More of a place that a machine has, or less; each is judged on its own, and repeating changes nothing. */
  resize(
    siteUid: string,
    clusterUid: string,
    requests: readonly SizeRequest[],
    othersRefused: boolean,
  ): Promise<ResizeAnswer>
  /** Only for machines whose absence is proven. */
  release(clusterUid: string, machineIds: readonly string[]): Promise<void>
  /** Read-only; for dry runs and for people. */
  ledger(siteUid: string): Promise<LedgerAnswer>
  /** What the site sees of one cluster, and how old that is. */
  seen(siteUid: string, clusterUid: string): Promise<SeenAnswer>
  /** Queues mail for the agent; repeats are ignored by (operationId, attempt). */
  submit(siteUid: string, mail: readonly OperationMail[]): Promise<void>
  cancel(siteUid: string, operationIds: readonly string[]): Promise<void>
  /** What the agent shall observe of a cluster. */
  watch(siteUid: string, watch: WatchPut): Promise<void>
  /** Asks the agent to dial the lane of its site. */
  openLane(siteUid: string, nonce: string): Promise<'asked' | 'agent-away' | 'agent-too-old'>
  /** The site is deleted, or this agent revoked: close the sockets, and count none of what they still say. */
  dismiss(siteUid: string, agentId?: string): Promise<void>
  /** The agent has a new key: sockets that the old one opened are closed, and it dials again. */
  redial(siteUid: string, agentId: string): Promise<void>
}

/** One per site, named by the site's uid; sockets come in by fetch. */
export interface LanePort {
  /** Cuts the sockets of one subject, or all of them. */
  dismiss(subject?: string): Promise<void>
}

export type ReserveAnswer =
  | { readonly ok: true; readonly placements: readonly Placement[]; readonly findings: readonly Finding[] }
  | { readonly ok: false; readonly refusals: readonly { readonly machineId: string; readonly problem: Problem }[] }

/** With what is worth knowing about the places as they are then, when any changed. */
export type ResizeAnswer = ResizeDecision & { readonly findings?: readonly Finding[] | undefined }

export interface LedgerAnswer {
  readonly placements: readonly Placement[]
  readonly seen: SiteSeen
  readonly seenAt: number | undefined
  readonly online: boolean
}

export interface SeenAnswer {
  readonly agent: {
    readonly online: boolean
    readonly since: number | undefined
    /** What its last look at the hypervisor ran into. */
    readonly trouble?: string | undefined
  }
  readonly seenAt: number | undefined
  readonly machines: SiteSeen['machines']
  readonly nodes: SiteSeen['nodes']
  /** By machine id: why nobody knows whether the machine is there (core/plan/unclear.ts). */
  readonly unclear: Readonly<Record<string, Facts>>
}
