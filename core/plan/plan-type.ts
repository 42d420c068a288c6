import type { Hold } from '../model/hold.ts'
import type { OperationInput, OperationKind } from '../model/operation.ts'
import type { Finding } from '../model/status.ts'
import type { Bootstrap } from './view.ts'

/** What to do next, and why everything else waits. Plain data: recording it is all that is left to the Cluster object. */
export interface Plan {
  readonly operations: readonly PlannedOperation[]
  /** Open operations that shall stop after their current step. */
  readonly cancel: readonly string[]
  /** Machines whose absence is proven or that never came to be: release their placements, then forget them. */
  readonly forget: readonly string[]
  /** Present when this plan records etcd.bootstrap for the first time; to be stored with it. */
  readonly bootstrap?: Bootstrap | undefined
  /** The Talos contract of the cluster, when it is not the stored one; to be stored with this plan. */
  readonly contract?: string | undefined
  readonly holds: readonly Hold[]
  readonly findings: readonly Finding[]
  /** Epoch ms at which time alone may change the plan; absent when only news can. */
  readonly lookAgainAt?: number | undefined
}

export interface PlannedOperation<K extends OperationKind = OperationKind> {
  readonly kind: K
  readonly subject: string
  /** Hash of kind, subject and input. */
  readonly key: string
  readonly input: OperationInput<K>
  readonly attempt: number
}
