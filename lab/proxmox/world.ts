import type { GuestRuntime } from '#lab/guest.ts'
import type { LabTime } from '#lab/time.ts'
import type { Trace } from '#lab/trace.ts'
import type { ImageSource } from '#lab/factory/image-source.ts'
import type { AccessControl } from './access.ts'
import type { Cluster } from './cluster.ts'
import type { HostCertificates } from './certificates.ts'
import type { ConfigLocks, StorageLocks } from './config-locks.ts'
import type { BridgeOptions, HostOptions } from './options.ts'
import type { Statistics } from './statistics.ts'
import type { Storages } from './storages.ts'
import type { Tasks } from './tasks.ts'
import type { Vms } from './vm.ts'

/** One simulated host with everything that its API reads and changes. */
export interface World {
  readonly options: HostOptions
  readonly cluster: Cluster
  readonly node: string
  /** Whether anybody reaches the host. */
  readonly line: { online: boolean }
  readonly access: AccessControl
  certificates: HostCertificates
  readonly storages: Storages
  bridges: readonly BridgeOptions[]
  /** Bridges as they will be after a reload of the network; undefined when nothing waits. */
  stagedBridges: readonly BridgeOptions[] | undefined
  readonly tasks: Tasks
  readonly vms: Vms
  readonly locks: ConfigLocks
  readonly storageLocks: StorageLocks
  readonly statistics: Statistics
  readonly time: LabTime
  readonly trace: Trace
  readonly guests: GuestRuntime
  readonly images: ImageSource
}

export const epochSeconds = (world: World): number => Math.floor(world.time.now() / 1000)

/** Does the work and writes it into the lab's diary, also when it fails. */
export async function traced<T>(world: World, kind: string, subject: string, work: () => Promise<T>): Promise<T> {
  const startMs = world.time.now()
  try {
    return await work()
  } finally {
    world.trace.record({ kind, subject, startMs, endMs: world.time.now() })
  }
}
