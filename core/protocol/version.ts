/**
 * The wire version. Both sides speak N and N−1; a change of any message must raise it, which the test that hashes the
 * schemas enforces. 1: the first. 2: `lane.open`, `access.issued`, `site.trouble`, `standby` and the reject code `cloned`; `site.seen` tells as
 * what a machine was last made, how it differs from that, and where it was moved. All of that is optional.
 */
export const PROTOCOL_VERSION = 2
export const PROTOCOL_FLOOR = 1
export const SUBPROTOCOL = 'lanline.agent.v1'

/** Text auto-response: the runtime answers it without waking the object. */
export const PING = 'ping'
export const PONG = 'pong'
/** Keeps NAT tables and the edge open with room to spare (edge idle limit about 100 s). */
export const PING_EVERY_MS = 25_000
/** Three missed pings. */
export const DEAD_AFTER_MS = 75_000

/** Named at hello by agents that can stand by while another one leads. */
export const STANDBY_FEATURE = 'standby'
/** How long accepted work keeps the lead for an agent that is away; longer than any reconnect of a healthy one takes. */
export const LEASE_MS = 75_000

/** A control message is at most this long, so that one message never delays another by much. */
export const MAX_MESSAGE_CHARS = 64 * 1024

/** Close codes of the control socket, and whether the agent may come back at once. */
export const CLOSE_CODES = {
  unauthenticated: 4401,
  revoked: 4403,
  superseded: 4409,
  upgradeRequired: 4426,
  slowDown: 4429,
} as const
