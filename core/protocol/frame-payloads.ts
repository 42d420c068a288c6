import { z } from 'zod'
import { err, ok, type Result } from '../base/result.ts'
import { fromUtf8, toUtf8 } from '../base/utf8.ts'
import { Name, Uid } from '../model/ids.ts'
import { Role } from '../access/role.ts'
import { encodeFrame } from './frame.ts'

/** What the frames of a lane carry besides bytes: which target, whose channel, and why something ended. */

/**
 * Where a stream leads, never as host and port: the API of a cluster, the Talos API of one of its machines, or the
 * agent's own desk for credentials of that cluster. The agent alone knows the addresses behind them.
 */
export type LaneTarget =
  | { readonly kind: 'kube'; readonly clusterUid: string }
  | { readonly kind: 'talos'; readonly clusterUid: string; readonly machine: string }
  | { readonly kind: 'access'; readonly clusterUid: string }
  /** HTTP of a person in the open; the agent impersonates them. */
  | { readonly kind: 'direct'; readonly clusterUid: string }

const MAX_TARGET_CHARS = 160
export const LaneOpen = z.object({ target: z.string().max(MAX_TARGET_CHARS) })

/** Whom the lane has let in as a channel. The agent believes it for its log, never for rights. */
export const ChannelPass = z.object({
  subject: z.string().max(300),
  clusters: z.array(Uid).max(8),
  /** What the cloud says they may; the agent asks for its own proof besides. */
  role: Role,
  source: z.string().max(64),
  /** It is the API Worker, on behalf of a person. */
  direct: z.boolean().optional(),
})
export type ChannelPass = z.infer<typeof ChannelPass>

export const RESET_CODES = {
  /** Whoever used the stream has gone. */
  cancelled: 1,
  /** The ticket does not allow the target, or there is no such target. */
  refused: 2,
  /** The target does not answer. */
  unreachable: 3,
  /** More was sent than was granted. */
  'flow-violated': 4,
  /** Too many streams. */
  'too-many': 5,
  /** The socket under the stream is gone. */
  'lane-cut': 6,
  /** Silent for too long, or open for too long. */
  'timed-out': 7,
  /** A frame that makes no sense here. */
  'protocol-violated': 8,
} as const
export type ResetCode = keyof typeof RESET_CODES

export interface Reset {
  readonly code: ResetCode
  readonly text: string
}

const MAX_TEXT_BYTES = 300
const TARGET = /^(kube|access|direct):([^/]+)$|^(talos):([^/]+)\/([^/]+)$/

export function sayTarget(target: LaneTarget): string {
  return target.kind === 'talos'
    ? `talos:${target.clusterUid}/${target.machine}`
    : `${target.kind}:${target.clusterUid}`
}

export function readTarget(text: string): LaneTarget | undefined {
  const [, plain, plainUid, talos, talosUid, machine] = TARGET.exec(text) ?? []
  const clusterUid = Uid.safeParse(plainUid ?? talosUid).data
  if (clusterUid === undefined) return undefined
  if (plain === 'kube' || plain === 'access' || plain === 'direct') return { kind: plain, clusterUid }
  return talos !== undefined && Name.safeParse(machine).success
    ? { kind: 'talos', clusterUid, machine: machine ?? '' }
    : undefined
}

export const openFrame = (channel: number, stream: number, target: LaneTarget): Uint8Array =>
  encodeFrame('open', channel, stream, toUtf8(JSON.stringify({ target: sayTarget(target) })))

/** The target an `open` names, or why it names none. */
export function readOpen(payload: Uint8Array): Result<LaneTarget, string> {
  const open = LaneOpen.safeParse(parseJson(payload))
  if (!open.success) return err('an open names its target')
  const target = readTarget(open.data.target)
  return target ? ok(target) : err(`${open.data.target.slice(0, MAX_TARGET_CHARS)} is no target`)
}

export const channelOpenedFrame = (channel: number, pass: ChannelPass): Uint8Array =>
  encodeFrame('channel-opened', channel, 0, toUtf8(JSON.stringify(pass)))

export const readChannelPass = (payload: Uint8Array): ChannelPass | undefined =>
  ChannelPass.safeParse(parseJson(payload)).data

export const resetFrame = (channel: number, stream: number, reset: Reset): Uint8Array =>
  encodeFrame('reset', channel, stream, resetPayload(reset))

export const channelClosedFrame = (channel: number, reset: Reset): Uint8Array =>
  encodeFrame('channel-closed', channel, 0, resetPayload(reset))

function resetPayload({ code, text }: Reset): Uint8Array {
  const said = toUtf8(text).subarray(0, MAX_TEXT_BYTES)
  const payload = new Uint8Array(1 + said.byteLength)
  payload[0] = RESET_CODES[code]
  payload.set(said, 1)
  return payload
}

/** An unknown code of a newer peer is a cut: the stream is over either way. */
export function readReset(payload: Uint8Array): Reset {
  const found = Object.entries(RESET_CODES).find(([, number]) => number === payload[0])
  return {
    code: (found?.[0] as ResetCode | undefined) ?? 'lane-cut',
    text: fromUtf8(payload.subarray(1, 1 + MAX_TEXT_BYTES)),
  }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(payload))
  } catch {
    return undefined
  }
}
