import type { Hello } from '#core/protocol/hello.ts'
import { LANE_FEATURE } from '#core/protocol/lane.ts'
import type { Reject } from '#core/protocol/reject.ts'
import { CLOSE_CODES, LEASE_MS, STANDBY_FEATURE } from '#core/protocol/version.ts'
import { logWarning } from '../log.ts'
import { readAttachment, writeAttachment, type Attachment } from './attachment.ts'
import type { After } from './conversation.ts'
import type { Link } from './link.ts'
import { checkHello, commonVersion, type Rival } from './session-record.ts'
import type { SiteStore } from './site-store.ts'

/**
 * Which of a site's agents speaks for it (S1, S11, S12). One leads and holds the newest epoch; the others stand by on
 * open sockets that cost nothing. The lead passes when the leader's socket is gone: at once when nothing of its work is
 * open, else when its lease has ended, so that a cut of a minute does not move work between machines.
 */
export class Leadership {
  readonly #store: SiteStore
  readonly #link: Link

  constructor(store: SiteStore, link: Link) {
    this.#store = store
    this.#link = link
  }

  hello(socket: WebSocket, hello: Hello, now: number): After {
    const { agentId, openedAt } = readAttachment(socket)
    const own = this.#link.speaking().filter((other) => other !== socket && readAttachment(other).agentId === agentId)
    const rejected = checkHello(hello, this.#store.uid ?? '', this.#store.journalOf(agentId), this.#rivalOf(own, now))
    if (rejected) return this.#reject(socket, agentId, rejected, now)
    for (const other of own)
      if (readAttachment(other).openedAt <= openedAt)
        this.#link.over(other, CLOSE_CODES.superseded, 'a newer session has begun')

    const protocol = commonVersion(hello)
    const { agentVersion, incarnation } = hello
    const lanes = hello.features.includes(LANE_FEATURE)
    const attachment: Attachment = {
      agentId,
      openedAt,
      state: 'new',
      epoch: 0,
      incarnation,
      protocol,
      agentVersion,
      lanes,
    }
    if (!this.#mustWait(agentId, now)) return this.#lead(socket, attachment, now)
    if (!hello.features.includes(STANDBY_FEATURE)) {
      const text = 'another agent leads this site, and this agent does not know how to stand by; upgrade it'
      return this.#reject(socket, agentId, { type: 'reject', code: 'slow-down', text, retryAfterMs: LEASE_MS }, now)
    }
    writeAttachment(socket, { ...attachment, state: 'standby' })
    this.#link.send(socket, { type: 'standby', leaderAgentId: this.#store.session?.agentId ?? '' })
    return { publish: true }
  }

  /** The socket that held the lease is gone, noticed or not. */
  lose(now: number): After {
    const record = this.#store.session
    if (!record?.open) return {}
    this.#store.setSession({ ...record, open: false, since: now })
    this.#store.mail.lost(now)
    return { tell: true, publish: true, wake: this.#store.clusters.uids() }
  }

  /** Hands the lead to whoever has stood by the longest, when nobody has it and nobody may come back to it. */
  promote(now: number): void {
    if (this.#link.leader(this.#store)) return
    const [next] = this.#link.standing(now)
    if (next && !this.#mustWait(next.attachment.agentId, now)) this.#lead(next.socket, next.attachment, now)
  }

  /** When `promote` has to be called at the latest; undefined while nobody stands by. */
  lookAt(now: number): number | undefined {
    if (this.#link.standing(now).length === 0) return undefined
    const leader = this.#link.leader(this.#store)
    if (!leader) return (this.#store.session?.since ?? now) + LEASE_MS
    // With nothing on its way nobody needs a leader, and whoever brings work looks for one first.
    return this.#store.mail.count() === 0 ? undefined : this.#link.diesAt(leader)
  }

  /** Somebody else has the lead, or may come back to it and go on with what it began. */
  #mustWait(agentId: string, now: number): boolean {
    const leader = this.#link.leader(this.#store)
    if (leader && !this.#link.isDead(leader, now)) return leader.attachment.agentId !== agentId
    const record = this.#store.session
    if (!record || record.agentId === agentId || this.#store.journals.dismissed(record.agentId)) return false
    const since = record.open ? now : record.since
    return this.#store.mail.acceptedBy(record.agentId) > 0 && now < since + LEASE_MS
  }

  #lead(socket: WebSocket, attachment: Attachment, now: number): After {
    const after = this.lose(now)
    const record = this.#store.session
    const leader = this.#link.leader(this.#store)
    if (leader && leader.socket !== socket)
      this.#link.over(leader.socket, CLOSE_CODES.superseded, 'a newer session has begun')
    const epoch = (record?.epoch ?? 0) + 1
    const { agentId, agentVersion = '', protocol = 1 } = attachment
    // Whoever leads now looks for itself.
    this.#store.setTrouble(undefined)
    this.#store.setSession({
      ...(record?.confirmed ? { confirmed: record.confirmed } : {}),
      epoch,
      open: false,
      agentId,
      agentVersion,
      since: now,
    })
    writeAttachment(socket, { ...attachment, state: 'welcomed', epoch })
    this.#link.send(socket, { type: 'welcome', protocol, sessionEpoch: epoch, serverTimeMs: now })
    return { ...after, publish: true }
  }

  #reject(socket: WebSocket, agentId: string, rejected: Reject, now: number): After {
    logWarning('site.session-rejected', { code: rejected.code, text: rejected.text })
    this.#link.send(socket, rejected)
    this.#link.over(socket, CLOSE_OF[rejected.code], rejected.code)
    if (rejected.code !== 'cloned' || !this.#store.journals.markCloned(agentId, now)) return {}
    return { publish: true, cloned: agentId }
  }

  /** Another process of the same agent that is certainly alive. */
  #rivalOf(own: readonly WebSocket[], now: number): Rival | undefined {
    for (const socket of own) {
      const attachment = readAttachment(socket)
      if (attachment.incarnation && !this.#link.isDead({ socket, attachment }, now)) return attachment.incarnation
    }
    return undefined
  }
}

const CLOSE_OF: Readonly<Record<Reject['code'], number>> = {
  'upgrade-required': CLOSE_CODES.upgradeRequired,
  'slow-down': CLOSE_CODES.slowDown,
  'wrong-site': CLOSE_CODES.revoked,
  'rolled-back': CLOSE_CODES.revoked,
  cloned: CLOSE_CODES.revoked,
}
