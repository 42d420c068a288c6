import type { LabTime } from '#lab/time.ts'
import type { Trace } from '#lab/trace.ts'
import type { Lan } from '../lan/lan.ts'
import { Changes } from './changes.ts'
import { TalosCluster } from './cluster.ts'
import { Disks } from './disk.ts'
import type { TalosNode } from './node.ts'
import { Violations } from './violations.ts'

/** Everything the lab's Talos nodes have in common: the LAN, the clock, their disks, and the clusters they form. */
export interface TalosWorldOptions {
  readonly lan: Lan
  readonly time: LabTime
  readonly trace: Trace
  /** Groups bound to cluster roles in every cluster, as an administrator would do later. */
  readonly bindings?: readonly { readonly group: string; readonly role: string }[]
}

export class TalosWorld {
  readonly lan: Lan
  readonly time: LabTime
  readonly trace: Trace
  readonly disks = new Disks()
  readonly violations = new Violations()
  readonly changes = new Changes()
  /** Guests that are powered on or were, by UUID; an erased one is forgotten. */
  readonly nodes = new Map<string, TalosNode>()
  readonly #clusters = new Map<string, TalosCluster>()
  readonly #bindings: NonNullable<TalosWorldOptions['bindings']>

  constructor(options: TalosWorldOptions) {
    this.lan = options.lan
    this.time = options.time
    this.trace = options.trace
    this.#bindings = options.bindings ?? []
  }

  /** The cluster with this id; it comes into being when the first node is told of it. */
  cluster(id: string): TalosCluster {
    const known = this.#clusters.get(id)
    if (known) return known
    const cluster = new TalosCluster(id, this, this.#bindings)
    this.#clusters.set(id, cluster)
    return cluster
  }
  clusters(): readonly TalosCluster[] {
    return [...this.#clusters.values()]
  }

  violate(code: Parameters<Violations['record']>[0], subject: string, detail: string): void {
    this.violations.record(code, subject, detail, this.time.now())
  }

  /** Passes lab time and writes the stretch into the diary, unless the power went meanwhile. */
  async busy(kind: string, subject: string, ms: number, signal: AbortSignal): Promise<void> {
    const startMs = this.time.now()
    await this.time.pass(ms, signal)
    signal.throwIfAborted()
    this.trace.record({ kind, subject, startMs, endMs: this.time.now() })
  }

  close(): void {
    for (const cluster of this.#clusters.values()) cluster.close()
  }
}
