import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { EtcdMemberId } from './node.ts'

/** Backup, recovery and care of the etcd member on a control plane. */
export interface NodeEtcdCare {
  /**
   * Sends a snapshot of the whole database into the sink, at the sink's pace, and verifies it on the way. Holds the
   * cluster's Secrets under the bundle's key: seal it before it is stored. What a failed one wrote is to be thrown away.
   * Problems: snapshot-damaged (later; it ended early or its hash is wrong), what the sink met.
   */
  snapshot(sink: SnapshotSink, signal?: AbortSignal): Promise<Result<Snapshot, Problem>>
  /**
   * Gives a node whose etcd waits with empty data the snapshot to begin from; then `bootstrapFromSnapshot` on the same
   * node. Repeating it replaces what was given. Problems: recovery-not-ready (later; also when the node holds etcd data),
   * snapshot-damaged, what the source met; with each of these the node kept nothing.
   */
  recover(source: SnapshotSource, form: SnapshotForm, signal?: AbortSignal): Promise<Result<Snapshot, Problem>>
  /**
   * As `bootstrap`, and as irreversible, from what `recover` gave it. `raw-copy` is not checked against a hash. `started`
   * says nothing about the snapshot: a node that cannot use it says so in the state of its service `etcd`.
   */
  bootstrapFromSnapshot(
    form: SnapshotForm,
    signal?: AbortSignal,
  ): Promise<Result<'started' | 'already-bootstrapped', Problem>>

  alarms(signal?: AbortSignal): Promise<Result<readonly EtcdAlarm[], Problem>>
  /** Clears them all; a database that is still full raises its own again. Answers those cleared. */
  disarmAlarms(signal?: AbortSignal): Promise<Result<readonly EtcdAlarm[], Problem>>
  /** Gives space back; the member answers nothing meanwhile, so one member at a time. */
  defragment(signal?: AbortSignal): Promise<Result<void, Problem>>
}

export interface SnapshotSink {
  /** The next chunk is asked for when this one was taken. A problem ends the snapshot with it. */
  write(chunk: Uint8Array): Promise<Result<void, Problem>>
}

/** Chunks of any size; a problem ends the recovery with it. */
export type SnapshotSource = AsyncIterable<Result<Uint8Array, Problem>>

/** `snapshot` ends in a hash of itself; `raw-copy` is a database file as it lay on a disk. */
export type SnapshotForm = 'snapshot' | 'raw-copy'

export interface Snapshot {
  readonly sizeBytes: number
  /** Of the database without its trailer, in hex: what the trailer says. Of everything for a raw copy. */
  readonly sha256: string
}

export interface EtcdAlarm {
  readonly memberId: EtcdMemberId
  readonly alarm: 'none' | 'no-space' | 'corrupt'
}
