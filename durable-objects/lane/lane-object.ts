import { DurableObject } from 'cloudflare:workers'
import { MAX_CHANNELS } from '#core/lane/limits.ts'
import { problem } from '#core/model/problem.ts'
import { decodeFrame, readCredit, stampChannel, type Frame } from '#core/protocol/frame.ts'
import { channelClosedFrame, channelOpenedFrame, resetFrame, type Reset } from '#core/protocol/frame-payloads.ts'
import { LANE_CLOSE_CODES, LANE_READY } from '#core/protocol/lane.ts'
import { PING, PONG } from '#core/protocol/version.ts'
import type { RelayEnv } from '../env.ts'
import { logWarning } from '../log.ts'
import type { LanePort } from '../ports.ts'
import { problemResponse } from '../problem-response.ts'
import { answerClose, closeQuietly, sendQuietly } from '../sockets.ts'
import { siteObject } from '../stubs.ts'
import { counted } from '../usage.ts'
import { judgeAgentFrame, judgeClientFrame } from './judge-frame.ts'
import { Attachments, type ClientAttachment } from './lane-attachment.ts'
import { LANE_PASS_HEADER, readLanePass, type LanePass } from '#core/lane/lane-pass.ts'
import { newChannel, sendBytes, tagOf, upgraded } from './lane-sockets.ts'
import { UnderWay } from './under-way.ts'

/**
 * One object per site: the switch between those who use its clusters from afar and its agent (rules L1–L6).
 *
 * It keeps nothing. Whom a socket belongs to and where it may go is in the socket's attachment, so it sleeps in the
 * middle of a stream and wakes for the next frame. It reads headers, never data, and writes the channel over what a client
 * put there.
 */
export class LaneObject extends DurableObject<RelayEnv> implements LanePort {
  readonly #attachments = new Attachments()
  readonly #underWay = new UnderWay()
  #messages = 0

  constructor(context: DurableObjectState, env: RelayEnv) {
    super(context, env)
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
  }

  async dismiss(subject?: string): Promise<void> {
    counted('object-request', 'lane')
    for (const client of this.#clients())
      if (subject === undefined || this.#client(client)?.subject === subject)
        this.#clientOver(client, LANE_CLOSE_CODES.dismissed, 'dismissed')
    if (subject === undefined) for (const agent of this.#agents()) this.#agentOver(agent, LANE_CLOSE_CODES.dismissed)
  }

  /** A socket whose holder the relay Worker has verified; who it is comes in a header that only the Worker sets. */
  override async fetch(request: Request): Promise<Response> {
    counted('object-request', 'lane')
    const pass = readLanePass(request.headers.get(LANE_PASS_HEADER))
    if (!pass) return problemResponse(problem('unauthorized'))
    return pass.role === 'client' ? await this.#admitClient(pass) : this.#admitAgent(pass)
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#countMessage()
    const attachment = this.#attachments.read(socket)
    // Pings are answered by the runtime; nobody has anything else to say in text.
    if (attachment.role === 'over' || typeof message === 'string') return
    const bytes = new Uint8Array(message)
    const frame = decodeFrame(bytes)
    if (!frame.ok) return this.#violated(socket, frame.error)
    if (attachment.role === 'client') this.#fromClient(socket, attachment, frame.value, bytes)
    else this.#fromAgent(socket, frame.value, bytes)
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#tellMessages()
    answerClose(socket, code)
    this.#gone(socket)
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket)
  }

  async #admitClient(pass: Extract<LanePass, { role: 'client' }>): Promise<Response> {
    const clients = this.#clients()
    if (clients.length >= MAX_CHANNELS) return problemResponse(problem('lane-full', { clients: clients.length }))
    const taken = new Set(clients.map((client) => this.#client(client)?.channel))
    const channel = newChannel(taken)
    const agent = this.#agents()[0]
    const nonce = agent ? undefined : crypto.randomUUID()
    if (nonce !== undefined) {
      const asked = await siteObject(this.env, pass.siteUid).openLane(pass.siteUid, nonce)
      if (asked !== 'asked') return problemResponse(problem(asked))
    }
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server, ['client', tagOf(channel)])
    const { siteUid, subject, rights, clusters, source, expiresAt, direct = false } = pass
    const attachment: ClientAttachment = {
      role: 'client',
      channel,
      siteUid,
      subject,
      rights,
      clusters,
      source,
      expiresAt,
      direct,
      ...(nonce === undefined ? {} : { nonce }),
    }
    this.#attachments.write(server, attachment)
    // The agent may have come while the site was asked.
    const here = agent ?? this.#agents()[0]
    if (here) this.#introduce(here, server, attachment)
    return upgraded(client)
  }

  /** The agent comes because it was asked; a door token that was overheard opens nothing. */
  #admitAgent(pass: Extract<LanePass, { role: 'agent' }>): Response {
    const waiting = this.#clients().filter((client) => this.#client(client)?.nonce === pass.nonce)
    if (waiting.length === 0) return problemResponse(problem('lane-unasked'))
    for (const older of this.#agents()) this.#agentOver(older, LANE_CLOSE_CODES.superseded)
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server, ['agent'])
    this.#attachments.write(server, { role: 'agent', siteUid: pass.siteUid, agentId: pass.agentId })
    for (const socket of this.#clients()) {
      const attachment = this.#client(socket)
      if (attachment) this.#introduce(server, socket, attachment)
    }
    return upgraded(client)
  }

  #introduce(agent: WebSocket, socket: WebSocket, attachment: ClientAttachment): void {
    const { channel, subject, rights, clusters, source, direct } = attachment
    this.#attachments.write(socket, { ...attachment, nonce: undefined })
    if (sendBytes(agent, channelOpenedFrame(channel, { subject, role: rights, clusters, source, direct })))
      sendQuietly(socket, LANE_READY)
  }

  #fromClient(socket: WebSocket, attachment: ClientAttachment, frame: Frame, bytes: Uint8Array): void {
    const { channel } = attachment
    const agent = this.#agents()[0]
    // It was not told that the agent is here, or the agent has just gone.
    if (!agent || attachment.nonce !== undefined)
      return this.#clientOver(socket, LANE_CLOSE_CODES.agentAway, 'the agent is away')
    const judged = judgeClientFrame(frame, attachment, Date.now())
    if (judged.verdict === 'close') return this.#violated(socket, frame.type)
    if (judged.verdict === 'refuse') {
      sendBytes(socket, resetFrame(channel, frame.stream, judged.reset))
      return
    }
    if (frame.type === 'credit' && frame.stream === 0)
      this.#underWay.confirmed('down', channel, readCredit(frame.payload))
    if (frame.type === 'data' && !this.#underWay.forwarded('up', channel, frame.payload.byteLength))
      return this.#clientOver(socket, LANE_CLOSE_CODES.flowViolated, 'more was sent than was granted')
    stampChannel(bytes, channel)
    sendBytes(agent, bytes)
  }

  #fromAgent(agent: WebSocket, frame: Frame, bytes: Uint8Array): void {
    if (judgeAgentFrame(frame).verdict !== 'forward') return this.#violated(agent, frame.type)
    const { channel } = frame
    const [client] = this.ctx.getWebSockets(tagOf(channel)).filter((socket) => this.#client(socket))
    if (!client) {
      // One answer to whatever comes for a channel that is gone; the agent then forgets it.
      if (frame.type !== 'channel-closed') sendBytes(agent, channelClosedFrame(channel, GONE))
      return
    }
    if (frame.type === 'channel-closed')
      return this.#clientOver(client, LANE_CLOSE_CODES.slowDown, 'cut by the agent', false)
    if (frame.type === 'credit' && frame.stream === 0)
      this.#underWay.confirmed('up', channel, readCredit(frame.payload))
    if (frame.type === 'data' && !this.#underWay.forwarded('down', channel, frame.payload.byteLength)) {
      logWarning('lane.flow-violated', { channel })
      return this.#clientOver(client, LANE_CLOSE_CODES.flowViolated, 'more was sent than was granted')
    }
    sendBytes(client, bytes)
  }

  /** A line for each frame would cost more than the frame; a sleep forgets at most the last few. */
  #countMessage(): void {
    this.#messages += 1
    if (this.#messages >= MESSAGES_PER_LINE) this.#tellMessages()
  }

  #tellMessages(): void {
    counted('message-in', 'lane', this.#messages)
    this.#messages = 0
  }

  #violated(socket: WebSocket, what: string): void {
    const { role } = this.#attachments.read(socket)
    logWarning('lane.protocol-violated', { role, what })
    if (role === 'client') this.#clientOver(socket, 1002, what)
    else this.#agentOver(socket, 1002)
  }

  #gone(socket: WebSocket): void {
    const { role } = this.#attachments.read(socket)
    if (role === 'client') this.#clientOver(socket, 1000, '')
    if (role === 'agent') this.#agentOver(socket, 1000)
  }

  #clientOver(socket: WebSocket, code: number, reason: string, tell = true): void {
    const attachment = this.#client(socket)
    if (!attachment) return
    this.#attachments.write(socket, { role: 'over' })
    this.#underWay.forget(attachment.channel)
    closeQuietly(socket, code, reason)
    const agent = this.#agents()[0]
    if (tell && agent) sendBytes(agent, channelClosedFrame(attachment.channel, GONE))
  }

  /** Without its agent a lane is nothing; its clients come back for a new one. */
  #agentOver(socket: WebSocket, code: number): void {
    const isCurrent = this.#attachments.read(socket).role === 'agent'
    this.#attachments.write(socket, { role: 'over' })
    closeQuietly(socket, code, '')
    if (!isCurrent) return
    for (const client of this.#clients())
      if (this.#client(client)?.nonce === undefined)
        this.#clientOver(client, LANE_CLOSE_CODES.agentAway, 'the agent has gone', false)
  }

  #agents(): WebSocket[] {
    return this.ctx.getWebSockets('agent').filter((socket) => this.#attachments.read(socket).role === 'agent')
  }

  #clients(): WebSocket[] {
    return this.ctx.getWebSockets('client').filter((socket) => this.#client(socket))
  }

  #client(socket: WebSocket): ClientAttachment | undefined {
    const attachment = this.#attachments.read(socket)
    return attachment.role === 'client' ? attachment : undefined
  }
}

/** Frames come by the thousand. */
const MESSAGES_PER_LINE = 256
const GONE: Reset = { code: 'cancelled', text: 'the client has gone' }
