import { z } from 'zod'
import { ACCESS_ROLES } from '#core/lane/access.ts'
import { Uid } from '#core/model/ids.ts'

/** What the relay Worker tells a Lane object about whom it lets in. Requests from outside never carry this header. */
export const LANE_PASS_HEADER = 'x-lanline-lane-pass'

export const LanePass = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('client'),
    siteUid: Uid,
    subject: z.string().max(300),
    rights: z.enum(ACCESS_ROLES),
    clusters: z.array(Uid).max(8),
    source: z.string().max(64),
    /** Epoch ms after which no more streams are opened. */
    expiresAt: z.number(),
  }),
  z.object({ role: z.literal('agent'), siteUid: Uid, agentId: Uid, nonce: z.string().max(64) }),
])
export type LanePass = z.infer<typeof LanePass>

export const lanePassHeader = (pass: LanePass): Record<string, string> => ({ [LANE_PASS_HEADER]: JSON.stringify(pass) })

export function readLanePass(headers: Headers): LanePass | undefined {
  try {
    return LanePass.safeParse(JSON.parse(headers.get(LANE_PASS_HEADER) ?? '')).data
  } catch {
    return undefined
  }
}
