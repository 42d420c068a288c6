import { DurableObject } from 'cloudflare:workers'
import type { PlacementRequest } from '#core/model/placement.ts'
import type { SizeRequest } from '#core/placement/resize.ts'
import { problem } from '#core/model/problem.ts'
import { readMessage } from '#core/protocol/read-message.ts'
import type { SecretsGet } from '#core/protocol/secrets-get.ts'
import { Up } from '#core/protocol/up.ts'
import { CLOSE_CODES, SUBPROTOCOL } from '#core/protocol/version.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import { gatherSite } from '#db/gather.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '../env.ts'
import { logError } from '../log.ts'
import type { LedgerAnswer, OperationMail, ReserveAnswer, ResizeAnswer, SeenAnswer, SitePort } from '../ports.ts'
import { problemResponse } from '../problem-response.ts'
import { retryDelayMs } from '../retry.ts'
import { answerClose } from '../sockets.ts'
import { laneObject } from '../stubs.ts'
import { counted } from '../usage.ts'
import { allocate } from './allocate.ts'
import { auditIssued } from './audit-issued.ts'
import { ledgerAnswer, secretsAnswer, seenAnswer, type Presence } from './answers.ts'
import { readAttachment } from './attachment.ts'
import { auditClone } from './audit-clone.ts'
import type { After } from './conversation.ts'
import { openDesk, type Desk } from './desk.ts'
import { expel } from './expel.ts'
import { DOOR_HEADERS, readDoorPass } from '../door-pass.ts'
import { Link } from './link.ts'
import { MAX_MAIL } from './mailbox.ts'
import { resizePlaces } from './resize-places.ts'
import type { SiteStore } from './site-store.ts'

/** Source: RFC 6455 and its registry; the agent dials again at once. */
const RESTART = 1012

/**
 * One object per site: the only allocator of its capacity and addresses, the post office between clusters and agent, and
 * the keeper of what the agent sees (rules S1–S9).
 *
 * It takes a message in synchronously (./conversation.ts), then carries what follows from it (./courier.ts). What could
 * not be carried stays owed in the store, and the alarm carries it again. With nothing owed and no offer open there is
 * no alarm.
 */
export class SiteObject extends DurableObject<RelayEnv> implements SitePort {
  readonly #link: Link
  #opened: Desk | undefined

  constructor(context: DurableObjectState, env: RelayEnv) {
    super(context, env)
    this.#link = new Link(context)
  }

  async wake(siteUid: string, inMs: number): Promise<void> {
    const { store, alarm } = this.#desk(siteUid)
    if (inMs <= 0) return await this.#follow(await this.#readAgain(siteUid))
    // A writer has until then: the look after it is sure before the write begins (S7).
    const at = Date.now() + inMs
    store.promise(at)
    await alarm.by(at)
    this.#countRows()
  }

  async reserve(siteUid: string, clusterUid: string, requests: readonly PlacementRequest[]): Promise<ReserveAnswer> {
    const { store } = this.#desk(siteUid)
    const documents = await gatherSite(openDb(this.env.DB), siteUid)
    // Nothing is awaited from here on: two clusters can never be given the same place.
    const answer = allocate(store, documents, clusterUid, requests)
    this.#countRows()
    return answer
  }

  async resize(
    siteUid: string,
    clusterUid: string,
    requests: readonly SizeRequest[],
    othersRefused: boolean,
  ): Promise<ResizeAnswer> {
    const { store } = this.#desk(siteUid)
    const documents = await gatherSite(openDb(this.env.DB), siteUid)
    const { givesBack, ...answer } = resizePlaces(store, documents, clusterUid, requests, othersRefused)
    // Whoever was refused may find room now.
    await this.#follow(givesBack ? { wake: store.clusters.refused().filter((uid) => uid !== clusterUid) } : {})
    return answer
  }

  async release(clusterUid: string, machineIds: readonly string[]): Promise<void> {
    const { store } = this.#desk()
    const released = store.placements.release(clusterUid, machineIds)
    store.clusters.forgetIdle(clusterUid)
    // Whoever was refused may find room now.
    await this.#follow(released > 0 ? { wake: store.clusters.refused() } : {})
  }

  async ledger(siteUid: string): Promise<LedgerAnswer> {
    const { store } = this.#desk(siteUid)
    await this.#follow(this.#noticeLoss())
    return ledgerAnswer(store, this.#presence(store))
  }

  async seen(siteUid: string, clusterUid: string): Promise<SeenAnswer> {
    const { store } = this.#desk(siteUid)
    store.clusters.meet(clusterUid)
    await this.#follow(this.#noticeLoss())
    return seenAnswer(store, clusterUid, this.#presence(store))
  }

  async submit(siteUid: string, mail: readonly OperationMail[]): Promise<void> {
    const { store, conversation } = this.#desk(siteUid)
    const lost = this.#noticeLoss()
    if (store.mail.count() + mail.length > MAX_MAIL)
      throw new Error(`the mailbox of site ${siteUid} is full (${MAX_MAIL})`)
    const now = Date.now()
    for (const item of mail) store.mail.put(item, now)
    conversation.offer(now)
    await this.#follow(lost)
  }

  async cancel(siteUid: string, operationIds: readonly string[]): Promise<void> {
    const { conversation } = this.#desk(siteUid)
    conversation.cancel(operationIds, Date.now())
    await this.#follow({ tell: true })
  }

  async watch(siteUid: string, watch: WatchPut): Promise<void> {
    const { store } = this.#desk(siteUid)
    const live = this.#link.live(store)
    if (live) this.#link.send(live.socket, watch)
    // An empty watch for an agent that is away is kept until it has heard it.
    if (watch.machines.length === 0 && live) store.clusters.clearWatch(watch.clusterUid)
    else store.clusters.setWatch(watch)
    this.#countRows()
  }

  async openLane(siteUid: string, nonce: string): Promise<'asked' | 'agent-away' | 'agent-too-old'> {
    const { store } = this.#desk(siteUid)
    await this.#follow(this.#noticeLoss())
    const live = this.#link.live(store)
    if (!live) return 'agent-away'
    if (!live.attachment.lanes) return 'agent-too-old'
    return this.#link.send(live.socket, { type: 'lane.open', nonce }) ? 'asked' : 'agent-away'
  }

  async dismiss(siteUid: string, agentId?: string): Promise<void> {
    const desk = this.#desk(siteUid)
    if (agentId !== undefined) desk.store.journals.dismiss(agentId, Date.now())
    // Whoever speaks for the site carries its lane.
    if (agentId === undefined || desk.store.session?.agentId === agentId) await laneObject(this.env, siteUid).dismiss()
    await this.#follow(expel(this.#link, desk, { agentId, code: CLOSE_CODES.revoked, reason: 'dismissed' }))
    await this.#forgetIfGone(siteUid)
  }

  async redial(siteUid: string, agentId: string): Promise<void> {
    const desk = this.#desk(siteUid)
    desk.store.journals.markUnique(agentId)
    await this.#follow(expel(this.#link, desk, { agentId, code: RESTART, reason: 'a new key' }))
  }

  override async fetch(request: Request): Promise<Response> {
    const pass = readDoorPass(request.headers)
    if (!pass) return problemResponse(problem('unauthorized', { missing: Object.values(DOOR_HEADERS) }))
    const { store } = this.#desk(pass.siteUid)
    // The door may have read its row a moment before the revocation.
    if (store.journals.dismissed(pass.agentId)) return problemResponse(problem('agent-unknown'))
    const now = Date.now()
    const token = store.doorTokens.take(pass.jti, pass.expiresAt, now)
    if (token !== 'taken') return problemResponse(problem('unauthorized'))
    const webSocket = this.#link.open(pass.agentId, now)
    this.#countRows()
    return new Response(null, { status: 101, webSocket, headers: { 'Sec-WebSocket-Protocol': SUBPROTOCOL } })
  }

  override async webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    counted('message-in', 'site')
    const desk = this.#desk()
    const read =
      typeof frame === 'string'
        ? readMessage(Up, frame)
        : { ok: false as const, error: { of: 'message', text: 'control messages are text' } }
    if (!read.ok) {
      this.#link.send(socket, { type: 'unsupported', ...read.error })
      return
    }
    await this.#follow(desk.conversation.take(socket, read.value, Date.now()), socket)
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    answerClose(socket, code)
    await this.#socketGone(socket)
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#socketGone(socket)
  }

  override async alarm(): Promise<void> {
    counted('alarm', 'site')
    const { store, conversation, courier, alarm } = this.#desk()
    const { failures } = store
    // The net goes up first: a throwing alarm is retried a few times, then dropped for good.
    await alarm.set(Date.now() + retryDelayMs(failures))
    try {
      const lost = this.#noticeLoss()
      const now = Date.now()
      conversation.leadership.promote(now)
      conversation.expireOffers(now)
      conversation.reclaim(now)
      conversation.offer(now)
      // Whoever promised a write has made it by now, or never will.
      const due = store.uid !== undefined && (store.promisedAt ?? Infinity) <= now ? store.uid : undefined
      const again = due === undefined ? {} : await this.#readAgain(due)
      const wake = [...new Set([...store.clusters.owed(), ...(lost.wake ?? []), ...(again.wake ?? [])])]
      const carried = [
        await courier.tell(),
        await courier.wake(wake),
        again.publish === false ? true : await courier.publish(),
      ]
      store.setFailures(carried.every(Boolean) ? 0 : failures + 1)
      store.promisesKept(now)
      if (due !== undefined && (await this.#forgetIfGone(due))) return
    } catch (error) {
      store.setFailures(failures + 1)
      logError('site.alarm-failed', { siteUid: store.uid }, error)
    }
    await alarm.settle()
    this.#countRows()
  }

  /** The documents of the site, and everybody who has to know that they may have changed. */
  async #readAgain(siteUid: string): Promise<After> {
    const { store } = this.#desk()
    const lost = this.#noticeLoss()
    const documents = await gatherSite(openDb(this.env.DB), siteUid)
    if (documents) store.setGeneration(documents.site.generation)
    return { ...lost, publish: documents !== undefined, wake: store.clusters.uids() }
  }

  /** A site that was deleted, or whose first write never came, leaves nothing behind once nobody has a place in it. */
  async #forgetIfGone(siteUid: string): Promise<boolean> {
    const { store } = this.#desk()
    const gone = (await gatherSite(openDb(this.env.DB), siteUid)) === undefined
    // A site that was never read may still come; one that was there and is not never comes back under its uid.
    const expected = store.generation === 0 && store.promisedAt !== undefined
    if (!gone || expected || store.placements.all().length > 0) return false
    this.#opened = undefined
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
    return true
  }

  async #socketGone(socket: WebSocket): Promise<void> {
    const { store, conversation } = this.#desk()
    const { epoch, state } = readAttachment(socket)
    const held = state !== 'over' && epoch > 0 && epoch === store.session?.epoch
    this.#link.over(socket, 1000, '')
    await this.#follow(held ? conversation.lost(Date.now()) : { publish: state === 'standby' })
  }

  /** A lease without its socket, or with one that has not pinged for too long. Looked for only when someone asks. */
  #noticeLoss(): After {
    const { store, conversation } = this.#desk()
    const now = Date.now()
    const live = this.#link.live(store)
    if (live && !this.#link.isDead(live, now)) return {}
    if (live) {
      store.setSeenAt(this.#seenAt(store) ?? now)
      this.#link.over(live.socket, 1001, 'no ping for too long')
    }
    return conversation.lost(now)
  }

  /** Carries what follows from something taken in. Nothing here throws: what fails is owed, and the alarm knows. */
  async #follow(after: After, socket?: WebSocket): Promise<void> {
    const { store, courier, alarm } = this.#desk()
    // An outcome that was taken in must reach its cluster even if this object dies while carrying it.
    await alarm.guard()
    const carried = [
      after.tell ? await courier.tell() : true,
      await courier.wake(after.wake ?? []),
      after.publish ? await courier.publish() : true,
    ]
    await courier.pass(after.pass ?? [])
    if (after.cloned !== undefined) await auditClone(this.env, store.uid, after.cloned)
    if (after.secrets && socket) await this.#sendSecrets(socket, after.secrets)
    if (after.issued) await auditIssued(this.env, after.issued.agentId, after.issued.issued, Date.now())
    if (!carried.every(Boolean)) store.setFailures(Math.max(1, store.failures))
    await alarm.settle()
    this.#countRows()
  }

  async #sendSecrets(socket: WebSocket, asked: SecretsGet): Promise<void> {
    try {
      this.#link.send(socket, await secretsAnswer(this.env, this.#desk().store, readAttachment(socket).agentId, asked))
    } catch (error) {
      // The agent asks again when it needs it.
      logError('site.secrets-failed', { clusterUid: asked.clusterUid, version: asked.version }, error)
    }
  }

  #presence(store: SiteStore): Presence {
    return { online: this.#link.live(store) !== undefined, seenAt: this.#seenAt(store) }
  }

  /** While the agent is here and pings, what it last said still holds; only changes are sent. */
  #seenAt(store: SiteStore): number | undefined {
    const live = this.#link.live(store)
    const { seenAt } = store
    return live && seenAt !== undefined ? Math.max(seenAt, this.#link.aliveAt(live)) : seenAt
  }

  #desk(siteUid?: string): Desk {
    if (siteUid !== undefined) counted('object-request', 'site')
    const desk = (this.#opened ??= openDesk(this.ctx.storage, this.env, this.#link))
    if (siteUid !== undefined) desk.store.setUid(siteUid)
    return desk
  }

  #countRows(): void {
    if (this.#opened) counted('rows', 'site', this.#opened.store.sql.takeRowsWritten())
  }
}
