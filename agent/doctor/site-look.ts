import type { Clock } from '#core/base/clock.ts'
import type { Result } from '#core/base/result.ts'
import type { EndpointFacts } from './probe/endpoint.ts'
import type { Reader } from './probe/proxmox-reader.ts'
import type { Wanted } from './wanted.ts'

/** The doctor's eyes on the site: what was configured, and questions whose answers are remembered. Nothing is changed. */
export interface SiteLook {
  readonly read: Reader['read']
  readonly proxmox: {
    readonly tokenId: string
    readonly pool: string
    readonly caPem: string | undefined
    readonly fingerprints: readonly string[] | undefined
    readonly endpoints: readonly string[]
  }
  /** What the owner's documents want of the site; undefined when none were given. */
  readonly wanted: Wanted | undefined
  /** Machines that this agent was told to watch; undefined when it cannot be asked. */
  readonly watched: readonly WatchedMachine[] | undefined
  endpoints(): Promise<readonly EndpointFacts[]>
  /** The nodes that each endpoint says it belongs to; an endpoint that does not answer is left out. */
  nodesBehind(): Promise<readonly { readonly endpoint: string; readonly nodes: readonly string[] }[]>
  /** How far the relay's clock is ahead of ours, ms. */
  relaySkewMs(): Promise<Result<number, string> | undefined>
  readonly imageFactory: string
  /** Talos versions that the factory offers, asked by the agent itself. */
  factoryVersions(): Promise<Result<readonly string[], string>>
  readonly clock: Clock
}

export interface WatchedMachine {
  readonly machineId: string
  readonly name: string
  readonly vmid: number
}
