import { z } from 'zod'
import { BridgeSeen, GuestSeen, HostSeen, MachineSeen, NodeSeen, StorageSeen } from '../model/seen.ts'

/** Rows per table and message; keeps a part under `MAX_MESSAGE_CHARS`. */
export const SEEN_PART_ROWS = 100

const changes = <S extends z.ZodType>(row: S) =>
  z.object({ put: z.array(row).max(SEEN_PART_ROWS), gone: z.array(z.string().max(300)).max(SEEN_PART_ROWS) }).optional()

/**
 * What changed at the site. A full copy after `ready` (parts 0…n, the last with `last`), then deltas. In a full copy
 * rows that are in no part are gone once the last part has arrived.
 */
export const SiteSeenMessage = z.object({
  type: z.literal('site.seen'),
  full: z.boolean(),
  part: z.int().nonnegative(),
  last: z.boolean(),
  hosts: changes(HostSeen),
  storages: changes(StorageSeen),
  bridges: changes(BridgeSeen),
  guests: changes(GuestSeen),
  machines: changes(MachineSeen),
  nodes: changes(NodeSeen),
})
export type SiteSeenMessage = z.infer<typeof SiteSeenMessage>
