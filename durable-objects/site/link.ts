import { DEAD_AFTER_MS, PING, PONG } from '#core/protocol/version.ts'
import type { Down } from '#core/protocol/down.ts'
import { closeQuietly, sendQuietly } from '../sockets.ts'
import { readAttachment, writeAttachment, type Attachment } from './attachment.ts'
import type { SiteStore } from './site-store.ts'

const TAG = 'agent'
/** A few agents with one socket each, and a second one for the moment in which it replaces the first. */
const MAX_SOCKETS = 8

/** A session whose agent has confirmed its epoch. */
export interface LiveSession {
  readonly socket: WebSocket
  readonly attachment: Attachment
}

/** The control sockets of a site. All they need to survive hibernation is in their attachments. */
export class Link {
  readonly #context: DurableObjectState

  constructor(context: DurableObjectState) {
    this.#context = context
    // Answered by the runtime, without waking the object: an idle site costs nothing (S7).
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
  }

  /** The agent's half of a new socket. */
  open(agentId: string, now: number): WebSocket {
    const { 0: client, 1: server } = new WebSocketPair()
    this.#context.acceptWebSocket(server, [TAG])
    writeAttachment(server, { agentId, openedAt: now, state: 'new', epoch: 0 })
    const oldestFirst = this.sockets().toSorted((a, b) => readAttachment(a).openedAt - readAttachment(b).openedAt)
    for (const socket of oldestFirst.slice(0, Math.max(0, oldestFirst.length - MAX_SOCKETS)))
      this.over(socket, 1008, 'too many sockets')
    return client
  }

  sockets(): WebSocket[] {
    return this.#context.getWebSockets(TAG).filter((socket) => readAttachment(socket).state !== 'over')
  }

  /** The socket that holds the lease, once its agent has said `ready`. */
  live(store: SiteStore): LiveSession | undefined {
    const epoch = store.session?.epoch ?? 0
    for (const socket of this.sockets()) {
      const attachment = readAttachment(socket)
      const confirmed = attachment.state === 'ready' || attachment.state === 'open'
      if (confirmed && attachment.epoch === epoch) return { socket, attachment }
    }
    return undefined
  }

  /** Whose epoch is the newest, whether it has confirmed it or not. */
  leader(store: SiteStore): LiveSession | undefined {
    const epoch = store.session?.epoch ?? 0
    for (const socket of this.sockets()) {
      const attachment = readAttachment(socket)
      if (attachment.epoch > 0 && attachment.epoch === epoch) return { socket, attachment }
    }
    return undefined
  }

  /** Sockets that have said hello and were not refused. */
  speaking(): WebSocket[] {
    return this.sockets().filter((socket) => readAttachment(socket).state !== 'new')
  }

  /** Agents that stand by and are alive, longest first. */
  standing(now: number): LiveSession[] {
    return this.sockets()
      .map((socket) => ({ socket, attachment: readAttachment(socket) }))
      .filter((session) => session.attachment.state === 'standby' && !this.isDead(session, now))
      .toSorted((a, b) => a.attachment.openedAt - b.attachment.openedAt)
  }

  /** The last sign of life: a ping that the runtime answered, or the connect itself. */
  aliveAt({ socket, attachment }: LiveSession): number {
    const pinged = this.#context.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0
    return Math.max(pinged, attachment.openedAt)
  }

  isDead(session: LiveSession, now: number): boolean {
    return now - this.aliveAt(session) > DEAD_AFTER_MS
  }

  /** When silence will have lasted too long. */
  diesAt(session: LiveSession): number {
    return this.aliveAt(session) + DEAD_AFTER_MS + 1
  }

  send(socket: WebSocket, message: Down): boolean {
    return sendQuietly(socket, JSON.stringify(message))
  }

  /** Nothing that still arrives on the socket counts. */
  over(socket: WebSocket, code: number, reason: string): void {
    writeAttachment(socket, { ...readAttachment(socket), state: 'over' })
    closeQuietly(socket, code, reason)
  }
}
