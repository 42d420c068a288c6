import { z } from 'zod'

/**
 * How the ends of a data lane meet. A client shows a ticket of the API; the agent, asked by `lane.open` on its control
 * socket, shows a door token and the number it was asked with. Both speak the frames of ./frame.ts.
 */
export const LANE_PATH = '/relay/v1/lane'
export const LANE_AGENT_PATH = '/relay/v1/lane/agent'
export const LANE_SUBPROTOCOL = 'lanline.lane.v1'
/** What an agent says at `hello` when it can be asked for a lane. */
export const LANE_FEATURE = 'lanes'
export const LANE_NONCE_HEADER = 'x-lanline-lane'

export const LANE_TICKET_PREFIX = 'lanlane_'
export const LaneTicket = z.string().regex(/^lanlane_[A-Za-z0-9_-]{43}$/)
/** From its making to the upgrade: one round trip, with room. */
export const LANE_TICKET_TTL_MS = 30_000
/** A client is let in for so long; then it asks again, and is judged again. */
export const LANE_SESSION_MS = 12 * 60 * 60_000

/** The one text a lane says to a client: the agent is here, frames may flow. */
export const LANE_READY = 'ready'

/** Why a lane ended. The agent's absence may pass by itself; the others say what the client did. */
export const LANE_CLOSE_CODES = {
  expired: 4401,
  dismissed: 4403,
  superseded: 4409,
  flowViolated: 4413,
  slowDown: 4429,
  agentAway: 4503,
} as const

/** The agent is to dial the lane of its site; a client waits there. */
export const LaneOpenMessage = z.object({ type: z.literal('lane.open'), nonce: z.string().min(16).max(64) })
export type LaneOpenMessage = z.infer<typeof LaneOpenMessage>

/** The agent has issued a certificate to a person; for the audit. Said once, kept in its journal for ever. */
export const AccessIssued = z.object({
  type: z.literal('access.issued'),
  clusterUid: z.string().max(20),
  what: z.enum(['kubernetes', 'talos']),
  subject: z.string().max(300),
  rights: z.array(z.string().max(100)).max(16),
  expiresAt: z.int(),
})
export type AccessIssued = z.infer<typeof AccessIssued>
