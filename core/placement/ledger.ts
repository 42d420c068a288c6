import type { NetworkSpec } from '../model/network.ts'
import type { Placement } from '../model/placement.ts'
import type { SiteSeen } from '../model/seen.ts'
import type { SiteSpec } from '../model/site.ts'

/** Everything a site has given out and everything that is seen there; placement looks at nothing else. */
export interface Ledger {
  readonly site: SiteSpec
  /** By name. */
  readonly networks: Readonly<Record<string, NetworkSpec>>
  readonly placements: readonly Placement[]
  readonly adopted: readonly AdoptedGuest[]
  /** Addresses that documents name, and for what: nobody else gets them. */
  readonly claimed: Readonly<Record<string, string>>
  readonly seen: SiteSeen
}

/** A guest that somebody else made and keeps, and that is counted: a Machine document of mode `adopt`. */
export interface AdoptedGuest {
  readonly name: string
  readonly host: string
  readonly vmid: number
  /** As declared; what is seen counts when it is more. */
  readonly cpu: number
  readonly memoryMiB: number
  /** Resource mappings that it holds. */
  readonly devices: readonly string[]
  readonly drawFrom: string | undefined
}
