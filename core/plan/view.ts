import type { Operation } from '../model/operation.ts'
import type { Placement } from '../model/placement.ts'
import type { Facts, Problem } from '../model/problem.ts'
import type { MachineSeen, NodeSeen } from '../model/seen.ts'
import type { Hold } from '../model/hold.ts'
import type { Finding } from '../model/status.ts'
import type { GatheredDocuments } from './documents.ts'
import type { Lock } from './lock.ts'

/**
 * The frozen facts a plan is made from. Whoever gathers it reads everything first; `plan` then looks at nothing else.
 * Times are epoch ms.
 */
export interface ClusterView extends GatheredDocuments {
  readonly now: number
  readonly agent: AgentView
  /** When the site was last seen whole; absent before the first full `site.seen`. */
  readonly seenAt: number | undefined
  /** Version of the sealed bundle in D1, 0 when there is none. */
  readonly secretsVersion: number
  /** Given by the plan that first records etcd.bootstrap, never unset: the stored lock of P3. */
  readonly bootstrap: Bootstrap | undefined
  /** The Talos contract as it was stored, as in `1.13`; absent before the first plan. Rules ask `contractOf`. */
  readonly contract: string | undefined
  /** Every machine the cluster remembers, leaving ones included. */
  readonly machines: readonly MachineView[]
  /** Open operations, and the newest finished one of each key. */
  readonly operations: readonly Operation[]
  readonly locks: readonly Lock[]
  /** Holds of the previous plan, so that `since` survives. */
  readonly holds: readonly Hold[]
  /** What the last placement had to say (`reserve` of the Site object). */
  readonly placementFindings: readonly Finding[]
}

/** Who bootstraps etcd, and which machines are there from the beginning. Stored once, never changed (P3). */
export interface Bootstrap {
  readonly machineId: string
  /** Machine ids that join in any order while the cluster is being born; later members come one at a time (P1). */
  readonly founders: readonly string[]
}

export type AgentView =
  | {
      readonly online: true
      readonly since: number
      /** What its last look at the hypervisor ran into, as people read it. */
      readonly trouble?: string | undefined
    }
  | { readonly online: false; readonly since: number | undefined }

export interface MachineView {
  readonly machineId: string
  readonly name: string
  readonly role: 'controlplane' | 'worker'
  /** On the node network; empty until the site has given one. */
  readonly address: string
  /** Hash of everything that decides how the machine is made; see `birthHash`. */
  readonly birthHash: string
  /** Hash of what it keeps for life; see `keptHash`. */
  readonly keptHash?: string | undefined
  readonly placement: Placement | undefined
  /** Why the Site object refused to place it, when it did. */
  readonly refusal: Problem | undefined
  /** Why the Site object refused to give it more of its place, when it did. */
  readonly growthRefusal?: Problem | undefined
  readonly seen: MachineSeen | undefined
  /** Why its power is unknown, when it is (see ./unclear.ts). */
  readonly unclear?: Facts | undefined
  readonly node: NodeSeen | undefined
  /** False once the documents no longer ask for this incarnation. */
  readonly wanted: boolean
}
