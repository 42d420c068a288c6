import { hashOf, type Json } from '#core/base/canonical-json.ts'
import type { ClusterEvent } from '#core/model/event.ts'
import type { Hold } from '#core/model/hold.ts'
import type { Operation } from '#core/model/operation.ts'
import type { ClusterStatus, Finding } from '#core/model/status.ts'
import type { Plan } from '#core/plan/plan-type.ts'
import type { Bootstrap } from '#core/plan/view.ts'
import { Meta } from '../meta.ts'
import { migrate } from '../migrate.ts'
import { Sql } from '../sql.ts'
import { EventLog } from './event-log.ts'
import { LockTable } from './lock-table.ts'
import { MachineTable } from './machine-table.ts'
import { OperationTable } from './operation-table.ts'
import { CLUSTER_MIGRATIONS } from './schema.ts'

/** What a Cluster object remembers. Every method is synchronous: nothing can slip between a look and its write. */
export class ClusterStore {
  readonly sql: Sql
  readonly machines: MachineTable
  readonly operations: OperationTable
  readonly locks: LockTable
  readonly events: EventLog
  readonly #meta: Meta

  constructor(storage: DurableObjectStorage) {
    this.sql = new Sql(storage)
    migrate(this.sql, CLUSTER_MIGRATIONS)
    this.#meta = new Meta(this.sql)
    this.machines = new MachineTable(this.sql)
    this.operations = new OperationTable(this.sql)
    this.locks = new LockTable(this.sql)
    this.events = new EventLog(this.sql, this.#meta)
  }

  get uid(): string | undefined {
    return this.#meta.get('uid')
  }

  setUid(uid: string): void {
    this.#meta.set('uid', uid)
  }

  /** What people call the cluster; it never changes. */
  get name(): string | undefined {
    return this.#meta.get('name')
  }

  setName(name: string): void {
    this.#meta.set('name', name)
  }

  /** The site it was last gathered with: where to send when the document is gone. */
  get siteUid(): string | undefined {
    return this.#meta.get('site-uid')
  }

  setSiteUid(siteUid: string): void {
    this.#meta.set('site-uid', siteUid)
  }

  /** Runs of the alarm that failed in a row. */
  get failures(): number {
    return this.#meta.get('failures') ?? 0
  }

  setFailures(failures: number): void {
    if (failures === 0) this.#meta.remove('failures')
    else this.#meta.set('failures', failures)
  }

  /** Until when somebody may still write something; a look has to follow that time. */
  get promisedAt(): number | undefined {
    return this.#meta.get('promised-at')
  }

  promise(at: number): void {
    if (at > (this.promisedAt ?? 0)) this.#meta.set('promised-at', at)
  }

  get bootstrap(): Bootstrap | undefined {
    return this.#meta.get('bootstrap')
  }

  /** The Talos contract: stored with the first plan, never raised (C11). */
  get contract(): string | undefined {
    return this.#meta.get('contract')
  }

  get holds(): readonly Hold[] {
    return this.#meta.get('holds') ?? []
  }

  get placementFindings(): readonly Finding[] {
    return this.#meta.get('placement-findings') ?? []
  }

  setPlacementFindings(findings: readonly Finding[]): void {
    this.#meta.set('placement-findings', findings)
  }

  get status(): ClusterStatus | undefined {
    return this.#meta.get('status')
  }

  /** Grows when the wishes change, so that the agent can refuse what was offered for the older ones. */
  get fence(): number {
    return this.#meta.get('fence') ?? 0
  }

  get publishedHash(): string | undefined {
    return this.#meta.get('published')
  }

  setPublishedHash(hash: string): void {
    this.#meta.set('published', hash)
  }

  get watchHash(): string | undefined {
    return this.#meta.get('watch')
  }

  setWatchHash(hash: string): void {
    this.#meta.set('watch', hash)
  }

  /** True once, each time the wishes have changed since the last call. */
  growFence(wishes: { readonly generation: number; readonly deleting: boolean }): boolean {
    const basis = hashOf(wishes as Json)
    if (this.#meta.get<string>('fence-basis') === basis) return false
    this.#meta.set('fence-basis', basis)
    this.#meta.set('fence', this.fence + 1)
    return true
  }

  /**
   * Writes a plan down, in one transaction: what is sent afterwards is always something that is remembered.
   * etcd's bootstrap lock is written once and never again (P3).
   */
  record(plan: Plan, status: ClusterStatus, events: readonly ClusterEvent[], at: number): Recorded {
    return this.sql.transaction(() => {
      const uid = this.uid ?? ''
      let n = this.#meta.get<number>('next-operation') ?? 1
      const operations = plan.operations.map((planned) => this.operations.add(uid, n++, planned, at))
      if (operations.length > 0) {
        this.#meta.set('next-operation', n)
        this.operations.prune()
      }
      for (const operationId of plan.cancel) this.operations.cancel(operationId)
      if (plan.bootstrap && !this.bootstrap) this.#meta.set('bootstrap', plan.bootstrap)
      if (plan.contract !== undefined) this.#meta.set('contract', plan.contract)
      this.#meta.set('holds', plan.holds)
      this.#meta.set('status', status)
      return { operations, events: this.events.append(events) }
    })
  }
}

export interface Recorded {
  readonly operations: readonly Operation[]
  readonly events: readonly ClusterEvent[]
}
