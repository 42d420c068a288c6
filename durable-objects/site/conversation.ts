import { assertNever } from '#core/base/invariant.ts'
import type { OperationNews } from '../ports.ts'
import type { AccessIssued } from '#core/protocol/lane.ts'
import type { OpsSnapshot } from '#core/protocol/ops-snapshot.ts'
import type { SecretsGet } from '#core/protocol/secrets-get.ts'
import type { SiteSeenMessage } from '#core/protocol/site-seen.ts'
import type { Up } from '#core/protocol/up.ts'
import { logWarning } from '../log.ts'
import { readAttachment, writeAttachment } from './attachment.ts'
import { compareSnapshot } from './compare-snapshot.ts'
import { Leadership } from './leadership.ts'
import type { Link } from './link.ts'
import { OFFER_TIMEOUT_MS, type Mail } from './mailbox.ts'
import type { SiteStore } from './site-store.ts'

/** Work waits and runs, each within its deadline; after both nobody who is away can still be at it. */
const RECLAIM_DEADLINES = 2

/** What has to follow a message once it is taken in; the site object does it, and its alarm repeats what failed. */
export interface After {
  /** Clusters to wake. */
  readonly wake?: readonly string[] | undefined
  /** The mailbox holds news that clusters do not know. */
  readonly tell?: boolean | undefined
  /** Passed on once and never kept: progress, and outcomes whose mail is already done with. */
  readonly pass?: readonly OperationNews[] | undefined
  readonly publish?: boolean | undefined
  readonly secrets?: SecretsGet | undefined
  /** For the audit; the agent's journal is the truth of it. */
  readonly issued?: { readonly agentId: string; readonly issued: AccessIssued } | undefined
  /** An agent whose key was just found in two places. */
  readonly cloned?: string | undefined
}

/**
 * What the site says to its agent, message by message. Everything here is synchronous: messages are taken in one after
 * the other in the order in which they came, whatever is awaited afterwards.
 */
export class Conversation {
  readonly #store: SiteStore
  readonly #link: Link
  readonly leadership: Leadership

  constructor(store: SiteStore, link: Link) {
    this.#store = store
    this.#link = link
    this.leadership = new Leadership(store, link)
  }

  take(socket: WebSocket, message: Up, now: number): After {
    const { state, epoch } = readAttachment(socket)
    if (message.type === 'hello') return state === 'new' ? this.leadership.hello(socket, message, now) : {}
    if (state === 'standby') return message.type === 'op.result' ? this.#result(message, now) : {}
    // An epoch that is no longer the newest has lost the lease: what it says is not applied (S1).
    if (epoch === 0 || epoch !== this.#store.session?.epoch || state === 'over') return {}
    if (message.type === 'ready')
      return state === 'welcomed' && message.sessionEpoch === epoch ? this.#ready(socket, now) : {}
    if (state === 'welcomed') return {}
    switch (message.type) {
      case 'ops.snapshot':
        return this.#snapshot(socket, message, now)
      case 'op.accept':
        return this.#accepted(socket, message.operationId, message.attempt, now)
      case 'op.refuse':
        this.#store.mail.finished(
          message.operationId,
          message.attempt,
          { outcome: 'failed', problem: message.problem },
          false,
          now,
        )
        return { tell: true }
      case 'op.progress':
        return this.#progress(message, now)
      case 'op.result':
        return this.#result(message, now)
      case 'site.seen':
        return this.#seen(message, epoch, now)
      case 'site.trouble':
        this.#store.setTrouble(message.text ?? undefined)
        return { publish: true, wake: this.#store.clusters.uids() }
      case 'secrets.get':
        return { secrets: message }
      case 'access.issued':
        return { issued: { agentId: readAttachment(socket).agentId, issued: message } }
      case 'drain':
        return {}
      case 'unsupported':
        logWarning('site.unsupported', { of: message.of, text: message.text })
        return {}
      default:
        return assertNever(message)
    }
  }

  /** Offers whatever is queued. Nothing is offered before both operation tables were compared. */
  offer(now: number): void {
    const live = this.#link.live(this.#store)
    if (live?.attachment.state !== 'open') return
    for (const mail of this.#store.mail.in('queued')) {
      if (mail.cancelling && mail.offeredAt === undefined) {
        this.#store.mail.finished(mail.operationId, mail.attempt, { outcome: 'cancelled' }, false, now)
        continue
      }
      const { clusterUid, clusterFence, kind, deadlineMs, input } = mail.mail
      const sent = this.#link.send(live.socket, {
        type: 'op.offer',
        operationId: mail.operationId,
        kind,
        clusterUid,
        clusterFence,
        sessionEpoch: live.attachment.epoch,
        attempt: mail.attempt,
        deadlineMs,
        input,
      })
      if (!sent) return
      this.#store.mail.offered(mail.operationId, now)
      if (mail.cancelling) this.#link.send(live.socket, { type: 'op.cancel', operationId: mail.operationId })
    }
  }

  /** Offers without an answer for too long are made again, with the same attempt. */
  expireOffers(now: number): void {
    for (const mail of this.#store.mail.in('offered'))
      if ((mail.offeredAt ?? 0) + OFFER_TIMEOUT_MS <= now) this.#store.mail.unanswered(mail.operationId, now)
  }

  /** What nobody has offered ends at once; the rest is asked to stop after its current step. */
  cancel(operationIds: readonly string[], now: number): void {
    for (const operationId of operationIds) {
      const mail = this.#store.mail.find(operationId)
      if (!mail || mail.state === 'finished') continue
      this.#store.mail.cancelling(operationId)
      if (mail.state === 'queued' && mail.offeredAt === undefined)
        this.#store.mail.finished(operationId, mail.attempt, { outcome: 'cancelled' }, false, now)
      else for (const socket of this.#link.speaking()) this.#link.send(socket, { type: 'op.cancel', operationId })
    }
  }

  /** The socket that held the lease is gone, noticed or not. */
  lost(now: number): After {
    const after = this.leadership.lose(now)
    this.leadership.promote(now)
    return after
  }

  /**
   * Work of an agent that lost the lead goes to the one that leads now when its own agent can no longer be doing it:
   * revoked, which a person says, or away for longer than the work may take. Whoever takes it looks before it acts (S12).
   */
  reclaim(now: number): void {
    const leader = this.#link.live(this.#store)?.attachment.agentId
    if (leader === undefined) return
    for (const mail of this.#store.mail.in('accepted'))
      if (mail.acceptedBy !== undefined && mail.acceptedBy !== leader && now >= this.#reclaimAt(mail))
        this.#store.mail.absent(mail.operationId, now)
  }

  /** The first of such times; undefined when no work is anybody else's. */
  nextReclaim(): number | undefined {
    const leader = this.#link.live(this.#store)?.attachment.agentId
    if (leader === undefined) return undefined
    const times = this.#store.mail
      .in('accepted')
      .filter(({ acceptedBy }) => acceptedBy !== undefined && acceptedBy !== leader)
      .map((mail) => this.#reclaimAt(mail))
    return times.length === 0 ? undefined : Math.min(...times)
  }

  #reclaimAt({ acceptedBy = '', changedAt, mail }: Mail): number {
    return this.#store.journals.dismissed(acceptedBy) ? 0 : changedAt + mail.deadlineMs * RECLAIM_DEADLINES
  }

  #ready(socket: WebSocket, now: number): After {
    const attachment = readAttachment(socket)
    const record = this.#store.session
    if (!record || !attachment.incarnation) return {}
    writeAttachment(socket, { ...attachment, state: 'ready' })
    const { id, counter } = attachment.incarnation
    const confirmed = { id, counter, epoch: attachment.epoch }
    this.#store.setSession({ ...record, confirmed, open: true, since: now })
    this.#store.journals.confirm(attachment.agentId, confirmed)
    for (const watch of this.#store.clusters.watches()) {
      this.#link.send(socket, watch)
      if (watch.machines.length > 0) continue
      this.#store.clusters.clearWatch(watch.clusterUid)
      this.#store.clusters.forgetIdle(watch.clusterUid)
    }
    return { publish: true }
  }

  #snapshot(socket: WebSocket, message: OpsSnapshot, now: number): After {
    const attachment = readAttachment(socket)
    if (attachment.state !== 'ready') return {}
    const { parts, mail } = this.#store
    const all = parts.take('ops.snapshot', attachment.epoch, message.part, message.last, message.operations)
    if (!all) return {}
    const found = compareSnapshot(
      all.flat(),
      mail.all(),
      ({ state, acceptedBy }) => state === 'accepted' && acceptedBy !== undefined && acceptedBy !== attachment.agentId,
    )
    for (const item of found.accepted) mail.accepted(item.operationId, item.attempt, attachment.agentId, now)
    for (const item of [...found.requeue, ...found.cancelled]) mail.absent(item.operationId, now)
    writeAttachment(socket, { ...attachment, state: 'open' })
    const { cancel, resend, forget } = found
    this.#link.send(socket, { type: 'ops.diff', cancel: [...cancel], resend: [...resend], forget: [...forget] })
    this.reclaim(now)
    this.offer(now)
    return { tell: true, wake: this.#store.clusters.uids() }
  }

  #accepted(socket: WebSocket, operationId: string, attempt: number, now: number): After {
    const { mail } = this.#store
    if (!mail.accepted(operationId, attempt, readAttachment(socket).agentId, now)) return {}
    if (mail.find(operationId)?.cancelling) this.#link.send(socket, { type: 'op.cancel', operationId })
    return { tell: true }
  }

  /** From whoever did the work, leading or not: an outcome is true whoever has the lease. */
  #result({ operationId, attempt, result }: Extract<Up, { type: 'op.result' }>, now: number): After {
    const known = this.#store.mail.find(operationId)
    // Its mail is done with, so its ack was lost; the cluster says again that it knows, and the ack follows.
    if (known?.attempt !== attempt) return { pass: [{ type: 'finished', operationId, attempt, at: now, result }] }
    this.#store.mail.finished(operationId, attempt, result, true, now)
    return { tell: true }
  }

  #progress(message: Extract<Up, { type: 'op.progress' }>, now: number): After {
    const { operationId, attempt, step } = message
    const mail: Mail | undefined = this.#store.mail.find(operationId)
    if (mail?.attempt !== attempt || mail.state !== 'accepted') return {}
    return { pass: [{ type: 'progress', operationId, attempt, at: now, step }] }
  }

  #seen(message: SiteSeenMessage, epoch: number, now: number): After {
    const { seen, clusters, placements } = this.#store
    const change = seen.take(message, epoch)
    // Deltas before the first full copy tell nothing about what is not there.
    if (change.complete || this.#store.seenAt !== undefined) this.#store.setSeenAt(now)
    const touched = new Set([
      ...[...change.machineIds].flatMap((machineId) => placements.clusterOf(machineId) ?? []),
      ...[...change.clusterUids].filter((uid) => clusters.known(uid)),
      ...(change.capacity ? clusters.refused() : []),
    ])
    return { wake: change.complete ? clusters.uids() : [...touched], publish: change.hosts || change.complete }
  }
}
