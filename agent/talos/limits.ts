/** How long each kind of call to a Talos node may take, in real milliseconds: a LAN does not run at a clock's rate. */
export interface TalosLimits {
  /** Reads are answered from memory; ten seconds is a node that is busy booting. */
  readonly readMs: number
  /** Validating and storing a configuration, starting a sequence: slower than a read, still no waiting for its end. */
  readonly effectMs: number
  /** The node itself retries leaving etcd for five minutes; asking longer than it tries gives a real answer. */
  readonly leaveMs: number
  /** An installer image is some 150 MB; at 2 Mbit/s that is ten minutes, and the old API pulls within the call. */
  readonly pullMs: number
  /** Writing an image to a disk takes a minute; a slow disk that also serves etcd takes several. */
  readonly installMs: number
  /** The largest etcd database, 8 GiB, over a line of 100 Mbit/s. */
  readonly snapshotMs: number
  /** A stream of bulk data from which nothing came for so long is a dead node, whatever TCP believes. */
  readonly stalledMs: number
  /** gRPC servers forbid frequent pings, so a follower of a dead connection is found out by its age. */
  readonly followMs: number
  /** First and longest pause before a lost watch is opened again. */
  readonly rewatchMs: { readonly first: number; readonly longest: number }
}

export const TALOS_LIMITS: TalosLimits = {
  readMs: 10_000,
  effectMs: 30_000,
  leaveMs: 6 * 60_000,
  pullMs: 15 * 60_000,
  installMs: 15 * 60_000,
  snapshotMs: 15 * 60_000,
  stalledMs: 60_000,
  followMs: 10 * 60_000,
  rewatchMs: { first: 500, longest: 30_000 },
}

/** Upstream's limit for a message; a machine configuration with its keys is the largest we read. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024
