import { err, ok, type Result } from '../base/result.ts'

/**
 * The binary frames of a data lane: 12 bytes of header, big-endian, then at most 64 KiB of payload.
 *
 *   type u8 · flags u8 (zero) · version u16 · channel u32 · stream u32 · payload
 *
 * A channel is one client of the lane; the lane writes its number over whatever the client put there, so that none can
 * speak for another. A stream is one connection of a channel; number 0 means the channel itself.
 */
export const FRAME_HEADER_BYTES = 12
/** The knee of throughput: smaller costs per message, larger brings only memory and delay. */
export const MAX_PAYLOAD_BYTES = 64 * 1024
export const MAX_FRAME_BYTES = FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES
export const FRAME_VERSION = 1

/**
 * open client→agent: JSON `LaneOpen` · opened agent→client: the target answered · data · end: no more data from this
 * side · reset: the stream is over (channel-closed: all of the channel) · credit: u32, so many bytes more may be sent ·
 * channel-opened lane→agent: JSON `ChannelPass`, who the channel is.
 */
export const FRAME_TYPES = {
  open: 1,
  opened: 2,
  data: 3,
  end: 4,
  reset: 5,
  credit: 6,
  'channel-opened': 7,
  'channel-closed': 8,
} as const
export type FrameType = keyof typeof FRAME_TYPES

const NAMES: ReadonlyMap<number, FrameType> = new Map(
  Object.entries(FRAME_TYPES).map(([name, code]) => [code, name as FrameType]),
)

export interface Frame {
  readonly type: FrameType
  readonly channel: number
  readonly stream: number
  /** A view into the frame; whoever keeps it copies it. */
  readonly payload: Uint8Array
}

export type FrameFault = 'too-short' | 'too-long' | 'unknown-type' | 'unknown-flags' | 'unknown-version' | 'bad-payload'

/** Types whose payload has one length only. */
const EXACT: Partial<Record<FrameType, number>> = { opened: 0, end: 0, credit: 4 }
/** Types that speak of one stream, never of the channel. */
const OF_STREAM: readonly FrameType[] = ['open', 'opened', 'data', 'end', 'reset']
const OF_CHANNEL: readonly FrameType[] = ['channel-opened', 'channel-closed']
const NOTHING = new Uint8Array(0)

export function encodeFrame(
  type: FrameType,
  channel: number,
  stream: number,
  payload: Uint8Array = NOTHING,
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, FRAME_TYPES[type])
  view.setUint16(2, FRAME_VERSION)
  view.setUint32(4, channel)
  view.setUint32(8, stream)
  bytes.set(payload, FRAME_HEADER_BYTES)
  return bytes
}

export function decodeFrame(bytes: Uint8Array): Result<Frame, FrameFault> {
  if (bytes.byteLength < FRAME_HEADER_BYTES) return err('too-short')
  if (bytes.byteLength > MAX_FRAME_BYTES) return err('too-long')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = NAMES.get(view.getUint8(0))
  if (type === undefined) return err('unknown-type')
  if (view.getUint8(1) !== 0) return err('unknown-flags')
  if (view.getUint16(2) !== FRAME_VERSION) return err('unknown-version')
  const stream = view.getUint32(8)
  const payload = bytes.subarray(FRAME_HEADER_BYTES)
  const exact = EXACT[type]
  if (exact !== undefined && payload.byteLength !== exact) return err('bad-payload')
  if ((stream === 0 && OF_STREAM.includes(type)) || (stream !== 0 && OF_CHANNEL.includes(type)))
    return err('bad-payload')
  return ok({ type, channel: view.getUint32(4), stream, payload })
}

/** Writes the channel over the one in the frame, in place: what the lane does with every frame of a client. */
export function stampChannel(bytes: Uint8Array, channel: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).setUint32(4, channel)
}

export const creditFrame = (channel: number, stream: number, byteCount: number): Uint8Array => {
  const payload = new Uint8Array(4)
  new DataView(payload.buffer).setUint32(0, byteCount)
  return encodeFrame('credit', channel, stream, payload)
}

/** Bytes granted by the payload of a `credit`. */
export const readCredit = (payload: Uint8Array): number =>
  new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0)
