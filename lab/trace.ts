/** A stretch of time in which the lab was busy doing something that takes time in the real world. */
export interface BusyInterval {
  /** `noun.verb` of the lab's own work: `image.download`, `vm.create`, `vm.start`, `node.boot`, `etcd.join` … */
  readonly kind: string
  /** VMID, node or image the work was for. */
  readonly subject: string
  readonly startMs: number
  readonly endMs: number
}

/** At most this many intervals are kept; a creation makes about ten a node. */
const MAX_INTERVALS = 100_000

/** The lab's diary, from which a makespan's critical path is computed. */
export class Trace {
  readonly #intervals: BusyInterval[] = []
  record(interval: BusyInterval): void {
    if (this.#intervals.length < MAX_INTERVALS) this.#intervals.push(interval)
  }
  intervals(): readonly BusyInterval[] {
    return this.#intervals
  }
}
