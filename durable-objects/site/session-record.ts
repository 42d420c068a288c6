import type { Hello } from '#core/protocol/hello.ts'
import { PROTOCOL_FLOOR, PROTOCOL_VERSION } from '#core/protocol/version.ts'
import type { Reject } from '#core/protocol/reject.ts'
import type { JournalMemory } from './journal-table.ts'

export type Rival = Hello['incarnation']

/** What is remembered of the agent's sessions, in one row. */
export interface SessionRecord {
  /** Grows with each accepted hello and never shrinks: it is the lease. */
  readonly epoch: number
  /** Whether the session of that epoch still has its socket, as far as was noticed. */
  readonly open: boolean
  readonly agentId: string
  readonly agentVersion: string
  /** Since when the site has been as it is: connected, or offline. */
  readonly since: number
  /** The journal that last confirmed an epoch, as the first release remembered it; now also in `journals`. */
  readonly confirmed?: { readonly id: string; readonly counter: number; readonly epoch: number } | undefined
}

/**
 * Whether a hello may begin a session.
 *
 *   S2  A session begins only with the site's own agent, in a version both speak, and with a journal that knows at least
 *       what it once confirmed: one that was rolled back would repeat what it has forgotten.
 *   S13 Of two with one key the older journal is refused, and people hear of it: `rival` is another process of this agent
 *       that is certainly alive.
 */
export function checkHello(
  hello: Hello,
  siteUid: string,
  journal: JournalMemory | undefined,
  rival?: Rival,
): Reject | undefined {
  if (hello.protocol.max < PROTOCOL_FLOOR || hello.protocol.min > PROTOCOL_VERSION) {
    const text = `this control plane speaks versions ${PROTOCOL_FLOOR} to ${PROTOCOL_VERSION} of the protocol, the agent ${hello.protocol.min} to ${hello.protocol.max}; upgrade the older one`
    return { type: 'reject', code: 'upgrade-required', text }
  }
  if (hello.siteUid !== siteUid)
    return {
      type: 'reject',
      code: 'wrong-site',
      text: `this is site ${siteUid}; the agent was enrolled at ${hello.siteUid}`,
    }
  if (!journal) return undefined
  const { id, counter } = hello.incarnation
  const cloned = (text: string): Reject => ({
    type: 'reject',
    code: 'cloned',
    text: `${text}; revoke this agent and enrol the machines anew`,
  })
  if (journal.retired.includes(id))
    return cloned('another journal has taken the place of this one: two machines have the key of this agent')
  if (journal.id !== id || (hello.lastEpoch >= journal.epoch && counter >= journal.counter)) return undefined
  if (rival && (rival.id !== id || rival.counter > counter))
    return cloned('two processes with one key and one journal are running')
  const text = `the journal of the agent is older than what it once confirmed (epoch ${journal.epoch}, opened ${journal.counter} times): it was restored from a copy, or two agents share it; enrol the agent anew`
  return { type: 'reject', code: 'rolled-back', text }
}

/** The highest version both sides speak; `checkHello` has made sure that there is one. */
export const commonVersion = (hello: Hello): number => Math.min(PROTOCOL_VERSION, hello.protocol.max)
