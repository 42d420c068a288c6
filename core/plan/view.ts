import type { ClusterDocument, MachineClassDocument, NetworkDocument, SiteDocument, Stored } from '../model/document.ts'
import type { Operation } from '../model/operation.ts'
import type { Placement } from '../model/placement.ts'
import type { Problem } from '../model/problem.ts'
import type { MachineSeen, NodeSeen } from '../model/seen.ts'
import type { Hold } from '../model/hold.ts'
import type { Lock } from './lock.ts'

/**
 * The frozen facts a plan is made from. Whoever gathers it reads everything first; `plan` then looks at nothing else.
 * Times are epoch ms.
 */
export interface ClusterView {
  readonly now: number
  readonly cluster: Stored<ClusterDocument>
  /** Absent when the document is gone, which becomes a hold. */
  readonly site: Stored<SiteDocument> | undefined
  readonly network: Stored<NetworkDocument> | undefined
  readonly machineClass: Stored<MachineClassDocument> | undefined
  readonly agent: AgentView
  /** When the site was last seen whole; absent before the first full `site.seen`. */
  readonly seenAt: number | undefined
  /** Version of the sealed bundle in D1, 0 when there is none. */
  readonly secretsVersion: number
  /** Set by the plan that records etcd.bootstrap, never unset: the stored lock of P3. */
  readonly bootstrap: { readonly machineId: string } | undefined
  /** Every machine the cluster remembers, leaving ones included. */
  readonly machines: readonly MachineView[]
  /** Open operations, and the newest finished one of each key. */
  readonly operations: readonly Operation[]
  readonly locks: readonly Lock[]
  /** Holds of the previous plan, so that `since` survives. */
  readonly holds: readonly Hold[]
}

export type AgentView =
  | { readonly online: true; readonly since: number }
  | { readonly online: false; readonly since: number | undefined }

export interface MachineView {
  readonly machineId: string
  readonly name: string
  readonly role: 'controlplane' | 'worker'
  readonly address: string
  /** Hash of everything that decides how the machine is made; see `birthHash`. */
  readonly birthHash: string
  readonly placement: Placement | undefined
  /** Why the Site object refused to place it, when it did. */
  readonly refusal: Problem | undefined
  readonly seen: MachineSeen | undefined
  readonly node: NodeSeen | undefined
  /** Set once its removal was proven. */
  readonly removed: boolean
}
