import type { Frame, FrameType } from '#core/protocol/frame.ts'
import { readOpen, type Reset } from '#core/protocol/frame-payloads.ts'

/**
 * What a lane lets through. Pure. A client opens, sends, ends, cuts and credits its own streams and nothing else, and
 * opens only targets of clusters its ticket names; an agent answers (rules L1, L2).
 */
const CLIENT_MAY: readonly FrameType[] = ['open', 'data', 'end', 'reset', 'credit']
const AGENT_MAY: readonly FrameType[] = ['opened', 'data', 'end', 'reset', 'credit', 'channel-closed']

export type Judgement =
  | { readonly verdict: 'forward' }
  /** This stream only. */
  | { readonly verdict: 'refuse'; readonly reset: Reset }
  /** The whole socket: who says this does not speak the protocol. */
  | { readonly verdict: 'close' }

export function judgeClientFrame(
  frame: Frame,
  ticket: { readonly clusters: readonly string[]; readonly expiresAt: number; readonly direct: boolean },
  now: number,
): Judgement {
  if (!CLIENT_MAY.includes(frame.type)) return { verdict: 'close' }
  if (frame.type !== 'open') return { verdict: 'forward' }
  const target = readOpen(frame.payload)
  if (!target.ok) return refuse(target.error)
  if (!ticket.clusters.includes(target.value.clusterUid)) return refuse('the ticket is for another cluster')
  // In the open only for the API Worker, which has judged a person itself; it in turn may do nothing else.
  if ((target.value.kind === 'direct') !== ticket.direct) return refuse('the ticket is for another way in')
  if (ticket.expiresAt <= now) return refuse('the ticket has expired')
  return { verdict: 'forward' }
}

export const judgeAgentFrame = (frame: Frame): Judgement =>
  AGENT_MAY.includes(frame.type) ? { verdict: 'forward' } : { verdict: 'close' }

const refuse = (text: string): Judgement => ({ verdict: 'refuse', reset: { code: 'refused', text } })
