/**
 * What may be under way in a data lane. Sockets of objects have no back-pressure of their own, so what is not granted
 * here is bounded nowhere: every byte of data needs credit of its stream and of its channel.
 *
 * Credit of a stream is granted as its consumer drains: it bounds the memory of both ends. Credit of a channel is
 * granted as its frames arrive at the other end: it bounds what lies in the relay between them.
 */

/** What a stream may send before its first credit; enough for nearly every request of kubectl in one go. */
export const STREAM_WINDOW_START = 256 * 1024
/** What it grows to while it is drained: 1 MiB at 100 ms is 10 MiB/s. */
export const STREAM_WINDOW_FULL = 1024 * 1024
/** Grown windows of one end together. Streams that find it used up stay at their start. */
export const GROWN_BUDGET = 64 * 1024 * 1024
/** The part of a window after whose draining credit is sent: rarer costs stalls, more often costs messages. */
export const GRANT_DIVISOR = 4

/** From a client to the agent; the agent writes into a LAN, so this fills only when the agent itself stands still. */
export const CHANNEL_WINDOW_UP = 1024 * 1024
/** From the agent to one client, at most. */
export const CHANNEL_WINDOW_DOWN = 8 * 1024 * 1024
/** Of that, what a channel has for itself whatever others do: 128 stalled clients hold 32 MiB of the relay. */
export const CHANNEL_RESERVE = 256 * 1024
/** What all channels share beyond their reserves; one takes at most half of what is free, so some is always left. */
export const LANE_POOL = 16 * 1024 * 1024
/** Bytes after which a channel is credited with what has arrived; well under the reserve. */
export const CHANNEL_GRANT = 64 * 1024

/** Clients of one site at a time. */
export const MAX_CHANNELS = 128
/** Connections of one client at a time: kubectl keeps one or two, a port-forward one for each connection. */
export const MAX_STREAMS_PER_CHANNEL = 256
export const MAX_STREAMS = 4_096

/** Bytes that may wait in the local socket before streams take turns again; keeps small answers ahead of bulk. */
export const MAX_LOCAL_QUEUE = 512 * 1024
