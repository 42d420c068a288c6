import { z } from 'zod'
import { Uid } from '../model/ids.ts'
import { Role } from '../access/role.ts'

/** What a Worker tells a Lane object about whom it lets in. Only Workers reach the object, so nobody else writes this header. */
export const LANE_PASS_HEADER = 'x-lanline-lane-pass'

export const LanePass = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('client'),
    siteUid: Uid,
    subject: z.string().max(300),
    rights: Role,
    clusters: z.array(Uid).max(8),
    source: z.string().max(64),
    /** Epoch ms after which no more streams are opened. */
    expiresAt: z.number(),
    /** The API Worker itself, on behalf of a person: it may open `direct:` and nothing else. */
    direct: z.boolean().optional(),
  }),
  z.object({ role: z.literal('agent'), siteUid: Uid, agentId: Uid, nonce: z.string().max(64) }),
])
export type LanePass = z.infer<typeof LanePass>

export const lanePassHeader = (pass: LanePass): Record<string, string> => ({ [LANE_PASS_HEADER]: JSON.stringify(pass) })

/** `text` is the value of the header. */
export function readLanePass(text: string | null): LanePass | undefined {
  try {
    return LanePass.safeParse(JSON.parse(text ?? '')).data
  } catch {
    return undefined
  }
}
