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
  readonly seen: SiteSeen
}
